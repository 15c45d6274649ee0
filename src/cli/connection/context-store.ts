import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { CliError } from "../cli-error.ts";

/** Where a context of Docker's clients points. */
export interface ContextEndpoint {
  host: string;
  skipTlsVerify: boolean;
  /** Directory with `ca.pem`, `cert.pem` and `key.pem`; absent without TLS. */
  tlsDirectory?: string;
}

/** `meta.json`, in the spelling of Docker's clients, which use the same store. */
export interface ContextMetadata {
  Name: string;
  Metadata: { Description?: string; [other: string]: unknown };
  Endpoints: { docker?: { Host?: string; SkipTLSVerify?: boolean } };
}

const NAME = "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$";

/** The name of the context that is always there: what flags and environment say. */
export const DEFAULT_CONTEXT = "default";

/** @throws CliError for a name that no context may have */
export function checkContextName(name: string): void {
  if (name === DEFAULT_CONTEXT) throw new CliError(`"${name}" is a reserved context name`);
  if (!new RegExp(NAME).test(name)) {
    throw new CliError(
      `context name "${name}" is invalid, names are validated against regexp "${NAME}"`,
    );
  }
}

const idOf = (name: string): string => new Bun.CryptoHasher("sha256").update(name).digest("hex");

/** The contexts below the directory of `config.json`: `contexts/meta/<sha256 of name>/meta.json`. */
export class ContextStore {
  readonly #directory: string;

  constructor(configDirectory: string) {
    this.#directory = `${configDirectory}/contexts`;
  }

  metadataPath(name: string): string {
    return `${this.#directory}/meta/${idOf(name)}`;
  }

  tlsPath(name: string): string {
    return `${this.#directory}/tls/${idOf(name)}`;
  }

  has(name: string): boolean {
    return existsSync(`${this.metadataPath(name)}/meta.json`);
  }

  /** @throws CliError in Docker's words where there is none */
  read(name: string): ContextMetadata {
    const path = `${this.metadataPath(name)}/meta.json`;
    if (!existsSync(path)) {
      throw new CliError(
        `context "${name}": context not found: open ${path}: no such file or directory`,
      );
    }
    return readMetadata(readFileSync(path, "utf8"), `context "${name}"`);
  }

  /** All of them, by name. */
  list(): ContextMetadata[] {
    const meta = `${this.#directory}/meta`;
    if (!existsSync(meta)) return [];
    return readdirSync(meta)
      .filter((id) => existsSync(`${meta}/${id}/meta.json`))
      .map((id) => readMetadata(readFileSync(`${meta}/${id}/meta.json`, "utf8"), id))
      .sort((a, b) => (a.Name < b.Name ? -1 : 1));
  }

  /** Whole or not at all. */
  write(metadata: ContextMetadata): void {
    const directory = this.metadataPath(metadata.Name);
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    const temporary = `${directory}/meta.json.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify(metadata), { mode: 0o644 });
    renameSync(temporary, `${directory}/meta.json`);
  }

  /** Files of TLS, by name; an empty record takes away what was there. */
  writeTls(name: string, files: Readonly<Record<string, Uint8Array>>): void {
    const directory = `${this.tlsPath(name)}/docker`;
    rmSync(this.tlsPath(name), { recursive: true, force: true });
    if (Object.keys(files).length === 0) return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const [file, content] of Object.entries(files)) {
      writeFileSync(join(directory, file), content, { mode: 0o600 });
    }
  }

  /** `ca.pem` and its like, as far as they are there. */
  readTls(name: string): Record<string, Uint8Array> {
    const directory = `${this.tlsPath(name)}/docker`;
    if (!existsSync(directory)) return {};
    return Object.fromEntries(
      readdirSync(directory).map((file) => [file, readFileSync(join(directory, file))]),
    );
  }

  remove(name: string): void {
    rmSync(this.metadataPath(name), { recursive: true, force: true });
    rmSync(this.tlsPath(name), { recursive: true, force: true });
  }
}

/** @throws CliError where it is no description of a context */
export function readMetadata(text: string, subject: string): ContextMetadata {
  let value: Partial<ContextMetadata> | null;
  try {
    value = JSON.parse(text) as Partial<ContextMetadata> | null;
  } catch (error) {
    throw new CliError(`parsing ${subject}: ${String(error)}`, 1, { cause: error });
  }
  if (typeof value !== "object" || value === null || typeof value.Endpoints !== "object") {
    throw new CliError(`parsing ${subject}: invalid metadata`);
  }
  return {
    Name: String(value.Name ?? ""),
    Metadata: value.Metadata ?? {},
    Endpoints: value.Endpoints ?? {},
  };
}

/** Where a context points. @throws CliError where there is none, or nothing in it */
export function readContext(configDirectory: string, name: string): ContextEndpoint {
  const store = new ContextStore(configDirectory);
  const fail = (why: string): CliError =>
    new CliError(`Failed to initialize: unable to resolve docker endpoint: ${why}`);
  let endpoint: ContextMetadata["Endpoints"]["docker"];
  try {
    endpoint = store.read(name).Endpoints.docker;
  } catch (error) {
    throw error instanceof CliError ? fail(error.message) : error;
  }
  if (endpoint?.Host === undefined || endpoint.Host === "") {
    throw fail(`context "${name}": no docker endpoint`);
  }
  const tlsDirectory = `${store.tlsPath(name)}/docker`;
  return {
    host: endpoint.Host,
    skipTlsVerify: endpoint.SkipTLSVerify ?? false,
    ...(existsSync(tlsDirectory) ? { tlsDirectory } : {}),
  };
}
