import { bool, list, string } from "./flags/flag-kinds.ts";

/** Where Docker's clients keep their configuration: shared, so that logins and contexts hold for both. */
export function defaultConfigDirectory(
  environment: Readonly<Record<string, string | undefined>>,
): string {
  return environment["DOCKER_CONFIG"] || `${environment["HOME"] || "/root"}/.docker`;
}

/** The flags that stand before the command. */
export function globalFlags(environment: Readonly<Record<string, string | undefined>>) {
  const directory = defaultConfigDirectory(environment);
  const certificates = environment["DOCKER_CERT_PATH"] || directory;
  return {
    config: string("Location of client config files", { initial: directory }),
    context: string(
      'Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and default context set with "docker context use")',
      { short: "c" },
    ),
    debug: bool("Enable debug mode", { short: "D" }),
    host: list("Daemon socket to connect to", { short: "H" }),
    "log-level": string('Set the logging level ("debug", "info", "warn", "error", "fatal")', {
      short: "l",
      initial: "info",
    }),
    tls: bool("Use TLS; implied by --tlsverify"),
    tlscacert: string("Trust certs signed only by this CA", {
      initial: `${certificates}/ca.pem`,
    }),
    tlscert: string("Path to TLS certificate file", { initial: `${certificates}/cert.pem` }),
    tlskey: string("Path to TLS key file", { initial: `${certificates}/key.pem` }),
    tlsverify: bool("Use TLS and verify the remote"),
    version: bool("Print version information and quit", { short: "v" }),
  };
}

export type GlobalFlags = ReturnType<typeof globalFlags>;
