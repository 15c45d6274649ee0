import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { errorMessage, internal } from "../../../spec/index.ts";

/** Where plugins announce themselves (Docker's "plugin discovery"). */
export interface PluginDirectories {
  /** `<name>.sock`, or `<name>/<name>.sock`. */
  sockets: readonly string[];
  /** `<name>.spec` with a URL, `<name>.json` with a URL and TLS files; each also in a directory `<name>`. */
  specs: readonly string[];
}

export const DOCKER_PLUGINS: PluginDirectories = {
  sockets: ["/run/docker/plugins"],
  specs: ["/etc/docker/plugins", "/usr/lib/docker/plugins"],
};

export interface PluginEndpoint {
  name: string;
  /** Path of a socket, or an http(s) URL. */
  socket?: string;
  url?: string;
  tls?: { ca?: string; cert?: string; key?: string; rejectUnauthorized: boolean };
}

/** The names of all plugins that have announced themselves. */
export function pluginNames({ sockets, specs }: PluginDirectories): string[] {
  const names = new Set<string>();
  for (const [directories, suffix] of [
    [sockets, /\.sock$/],
    [specs, /\.(?:spec|json)$/],
  ] as const) {
    for (const directory of directories) {
      for (const entry of entries(directory)) {
        const name = basename(entry).replace(suffix, "");
        if (suffix.test(entry)) names.add(name);
        else if (findIn(directory, entry) !== undefined) names.add(entry);
      }
    }
  }
  return [...names].sort();
}

/** Sockets before files, as Docker looks them up. `undefined` where nothing has that name. */
export function findPlugin(
  { sockets, specs }: PluginDirectories,
  name: string,
): PluginEndpoint | undefined {
  if (!/^[\w.-]+$/.test(name) || name.startsWith(".")) return undefined;
  for (const directory of [...sockets, ...specs]) {
    const found = findIn(directory, name);
    if (found !== undefined) return readEndpoint(name, found);
  }
  return undefined;
}

function findIn(directory: string, name: string): string | undefined {
  return ["sock", "spec", "json"]
    .flatMap((type) => [
      join(directory, `${name}.${type}`),
      join(directory, name, `${name}.${type}`),
    ])
    .find((path) => existsSync(path));
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

interface SpecFile {
  Addr?: string;
  TLSConfig?: {
    InsecureSkipVerify?: boolean;
    CAFile?: string;
    CertFile?: string;
    KeyFile?: string;
  };
}

function readEndpoint(name: string, path: string): PluginEndpoint {
  if (path.endsWith(".sock")) return { name, socket: path };
  try {
    const text = readFileSync(path, "utf8").trim();
    if (path.endsWith(".spec")) return { name, ...place(text, false) };
    const { Addr = "", TLSConfig } = JSON.parse(text) as SpecFile;
    return {
      name,
      ...place(Addr, TLSConfig !== undefined),
      ...(TLSConfig === undefined ? {} : { tls: readTls(TLSConfig) }),
    };
  } catch (error) {
    throw internal(`Cannot read the plugin file "${path}": ${errorMessage(error)}`, error);
  }
}

function place(address: string, tls: boolean): Pick<PluginEndpoint, "socket" | "url"> {
  if (address.startsWith("unix://")) return { socket: address.slice("unix://".length) };
  const url = new URL(address.replace(/^tcp:/, tls ? "https:" : "http:"));
  return { url: url.href.replace(/\/$/, "") };
}

function readTls(config: NonNullable<SpecFile["TLSConfig"]>): NonNullable<PluginEndpoint["tls"]> {
  const { CAFile, CertFile, KeyFile } = config;
  const text = (path: string | undefined) =>
    path === undefined || path === "" ? undefined : readFileSync(path, "utf8");
  const [ca, cert, key] = [text(CAFile), text(CertFile), text(KeyFile)];
  return {
    rejectUnauthorized: config.InsecureSkipVerify !== true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
