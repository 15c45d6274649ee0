import { existsSync, readFileSync } from "node:fs";
import { CliError } from "../cli-error.ts";

/** Where a context of Docker's clients points. */
export interface ContextEndpoint {
  host: string;
  skipTlsVerify: boolean;
  /** Directory with `ca.pem`, `cert.pem` and `key.pem`; absent without TLS. */
  tlsDirectory?: string;
}

interface ContextMetadata {
  Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } };
}

/** Reads a context from the store below the configuration directory. */
export function readContext(configDirectory: string, name: string): ContextEndpoint {
  const id = new Bun.CryptoHasher("sha256").update(name).digest("hex");
  const path = `${configDirectory}/contexts/meta/${id}/meta.json`;
  const fail = (why: string): never => {
    throw new CliError(
      `Failed to initialize: unable to resolve docker endpoint: context "${name}": ${why}`,
    );
  };
  if (!existsSync(path)) fail(`context not found: open ${path}: no such file or directory`);
  const metadata = JSON.parse(readFileSync(path, "utf8")) as ContextMetadata;
  const endpoint = metadata.Endpoints?.docker;
  if (endpoint?.Host === undefined || endpoint.Host === "") fail("no docker endpoint");
  const tlsDirectory = `${configDirectory}/contexts/tls/${id}/docker`;
  return {
    host: endpoint?.Host ?? "",
    skipTlsVerify: endpoint?.SkipTLSVerify ?? false,
    ...(existsSync(tlsDirectory) ? { tlsDirectory } : {}),
  };
}
