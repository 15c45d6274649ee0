import { readFileSync } from "node:fs";
import { CliError } from "../../cli-error.ts";
import type { CommandContext } from "../../command.ts";
import {
  type ContextMetadata,
  type ContextStore,
  DEFAULT_CONTEXT,
} from "../../connection/context-store.ts";
import { parseBool } from "../../flags/flag-kinds.ts";
import { currentContext, defaultHost } from "./current-context.ts";

/** What `--docker` says: `host=…,ca=…,cert=…,key=…,skip-tls-verify=…` or `from=CONTEXT`. */
export type EndpointSettings = Readonly<Record<string, string>>;

export interface Endpoint {
  readonly docker: NonNullable<ContextMetadata["Endpoints"]["docker"]>;
  /** Files of TLS, by name. */
  readonly tls: Readonly<Record<string, Uint8Array>>;
}

const KEYS = ["from", "host", "ca", "cert", "key", "skip-tls-verify"];
const FILES = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" } as const;

/** One value of `--docker`, added to those before. */
export function readSettings(text: string, current: EndpointSettings): EndpointSettings {
  const pairs = text.split(",").map((pair): [string, string] => {
    const equals = pair.indexOf("=");
    if (equals < 0) throw new Error(`${pair} must be formatted as key=value`);
    return [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return { ...current, ...Object.fromEntries(pairs) };
}

/** @throws CliError for keys that mean nothing and files that are not there */
export async function endpointOf(
  settings: EndpointSettings,
  store: ContextStore,
  context: CommandContext,
): Promise<Endpoint> {
  const fail = (why: string): CliError =>
    new CliError(`unable to create docker endpoint config: ${why}`);
  const wrong = Object.keys(settings).find((key) => !KEYS.includes(key));
  if (wrong !== undefined) throw fail(`unrecognized config key: ${wrong}`);
  const { from, host } = settings;
  if (from !== undefined) return await storedEndpoint(from, store, context);
  const tls: Record<string, Uint8Array> = {};
  for (const key of ["ca", "cert", "key"] as const) {
    const path = settings[key];
    if (path === undefined || path === "") continue;
    try {
      tls[FILES[key]] = readFileSync(path);
    } catch {
      throw fail(`open ${path}: no such file or directory`);
    }
  }
  let skip = false;
  try {
    skip = parseBool(settings["skip-tls-verify"] ?? "false");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw fail(why.replace("strconv.ParseBool", "skip-tls-verify"));
  }
  return { docker: { Host: host || defaultHost(context), SkipTLSVerify: skip }, tls };
}

/** Where another context points; an empty name is the one in use. */
export async function storedEndpoint(
  name: string,
  store: ContextStore,
  context: CommandContext,
): Promise<Endpoint> {
  const source = name === "" ? await currentContext(context) : name;
  if (source === DEFAULT_CONTEXT) {
    return { docker: { Host: defaultHost(context), SkipTLSVerify: false }, tls: {} };
  }
  return { docker: store.read(source).Endpoints.docker ?? {}, tls: store.readTls(source) };
}
