import { CliError } from "../cli-error.ts";
import type { FlagValues } from "../flags/flag.ts";
import type { GlobalFlags } from "../global-flags.ts";
import type { ConfigFile } from "./config-file.ts";
import { readTls, type TlsFiles } from "./tls-files.ts";

export const DEFAULT_HOST = "unix:///run/berth.sock";
const DEFAULT_PORT = 2375;
const DEFAULT_TLS_PORT = 2376;

/** The daemon to talk to: `unix:///path`, `tcp://host:port` or `ssh://host`. */
export interface Endpoint {
  readonly host: string;
  readonly tls?: TlsFiles;
}

/** What decides where the daemon is. */
export interface EndpointSources {
  readonly flags: FlagValues<GlobalFlags>;
  readonly changed: ReadonlySet<string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  config(): Promise<ConfigFile>;
}

/**
 * Where the daemon is, in Docker's order: `--host`, `--context`, the environment (`BERTH_HOST` before
 * `DOCKER_HOST`), `DOCKER_CONTEXT`, the current context of `config.json`, Berth's own socket.
 */
export async function resolveEndpoint(sources: EndpointSources): Promise<Endpoint> {
  const { flags, environment } = sources;
  if (flags.host.length > 1)
    throw new CliError(
      "Failed to initialize: unable to resolve docker endpoint: Specify only one -H",
    );
  if (flags.host.length > 0 && flags.context !== "") {
    throw new CliError("conflicting options: cannot specify both --host and --context");
  }
  const host =
    flags.host[0] ?? (flags.context === "" ? hostFromEnvironment(environment) : undefined);
  if (host !== undefined) return withTls(host, sources);
  const context =
    flags.context || environment["DOCKER_CONTEXT"] || (await sources.config()).currentContext;
  if (context === undefined || context === "" || context === "default") {
    return withTls(DEFAULT_HOST, sources);
  }
  const { readContext } = await import("./context-store.ts");
  const stored = readContext(flags.config, context);
  const { tlsDirectory } = stored;
  if (tlsDirectory === undefined) return { host: parseHost(stored.host, false) };
  return {
    host: parseHost(stored.host, true),
    tls: await readTls(
      {
        ca: `${tlsDirectory}/ca.pem`,
        cert: `${tlsDirectory}/cert.pem`,
        key: `${tlsDirectory}/key.pem`,
      },
      !stored.skipTlsVerify,
      new Set(),
    ),
  };
}

const hostFromEnvironment = (
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined => environment["BERTH_HOST"] || environment["DOCKER_HOST"] || undefined;

async function withTls(
  host: string,
  { flags, changed, environment }: EndpointSources,
): Promise<Endpoint> {
  const verify = changed.has("tlsverify")
    ? flags.tlsverify
    : (environment["DOCKER_TLS_VERIFY"] ?? "") !== "";
  const enabled = verify || flags.tls || (environment["DOCKER_TLS"] ?? "") !== "";
  if (!enabled) return { host: parseHost(host, false) };
  const paths = { ca: flags.tlscacert, cert: flags.tlscert, key: flags.tlskey };
  return { host: parseHost(host, true), tls: await readTls(paths, verify, changed) };
}

/** Completes what the user gave: `:2375`, `tcp://`, `host`, `/run/x.sock` is no host. */
export function parseHost(text: string, tls: boolean): string {
  const host = text.trim();
  if (host.startsWith("unix://")) return host === "unix://" ? DEFAULT_HOST : host;
  if (host.startsWith("ssh://")) return host;
  const [, scheme = "tcp", rest = ""] = /^(?:([a-z]+):\/\/)?(.*)$/.exec(host) ?? [];
  if (scheme === "http" || scheme === "https") return `tcp://${rest}`;
  if (scheme !== "tcp") {
    throw new CliError(`Failed to initialize: unable to parse docker host \`${host}\``);
  }
  const [address = "", ...path] = rest.split("/");
  const [, name = "", port = ""] = /^(\[[^\]]*\]|[^:]*):?(\d*)$/.exec(address) ?? [];
  const chosen = port === "" ? String(tls ? DEFAULT_TLS_PORT : DEFAULT_PORT) : port;
  return [`tcp://${name === "" ? "localhost" : name}:${chosen}`, ...path].join("/");
}
