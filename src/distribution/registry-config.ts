import { readdirSync, readFileSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { invalidArgument } from "../spec/index.ts";

/** Where registries are and how far they are trusted. The daemon's flags of the same names. */
export interface RegistryConfig {
  /** `--insecure-registry`: `host[:port]` or a CIDR. Loopback is always among them. */
  readonly insecureRegistries: readonly string[];
  /**
   * `--registry-mirror`: URLs that are asked before Docker Hub, or `host[:port]=URL` for those that are
   * asked before another registry.
   */
  readonly mirrors: readonly string[];
  /** Directories with `<host[:port]>/{*.crt,*.cert,*.key}`; the first that has the host counts. */
  readonly certificateDirectories: readonly string[];
  /** The system's own authorities; the first file that is there counts. */
  readonly authorityFiles: readonly string[];
}

export const defaultRegistryConfig: RegistryConfig = {
  insecureRegistries: [],
  mirrors: [],
  certificateDirectories: ["/etc/berth/certs.d", "/etc/docker/certs.d"],
  authorityFiles: [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
  ],
};

/** What `fetch` takes as `tls`. `ca` replaces the authorities that are built in. */
export interface TlsOptions {
  ca?: string[];
  cert?: string;
  key?: string;
  rejectUnauthorized?: boolean;
}

/** One server that may hold a repository. */
export interface Endpoint {
  /** `https://host[:port]`, without a slash at its end; for a mirror with a path, that too. */
  readonly baseUrl: string;
  /** Asked in the name of another registry, so it gets none of that one's credentials. */
  readonly mirror: boolean;
  /** Certificates are not verified, and plain HTTP is tried where HTTPS is not spoken. */
  readonly insecure: boolean;
  readonly tls: TlsOptions | undefined;
}

const HUB = "registry-1.docker.io";

/** The servers to ask for a repository of this registry, in order. */
export function endpointsOf(domain: string, config: RegistryConfig): Endpoint[] {
  const host = domain === "docker.io" ? HUB : domain;
  const own = endpoint(`https://${host}`, host, false, config);
  const mirrors = config.mirrors.map(parseMirror).filter(({ registry }) => registry === domain);
  return [
    ...mirrors.map(({ url }) => endpoint(url.href.replace(/\/+$/, ""), url.host, true, config)),
    own,
  ];
}

/** `URL` stands before Docker Hub, `host[:port]=URL` before that registry. `invalid-argument`. */
export function parseMirror(text: string): { registry: string; url: URL } {
  const [, registry = "docker.io", address = ""] =
    /^(?:([\w.-]+(?::\d+)?)=)?(.*)$/s.exec(text) ?? [];
  const url = URL.parse(address);
  const usable = url !== null && /^https?:$/.test(url.protocol) && url.search + url.hash === "";
  if (!usable || url.username !== "") {
    throw invalidArgument(
      `invalid mirror: "${text}" is not [HOST=]http(s)://host[:port][/path] without credentials`,
    );
  }
  return { registry, url };
}

function endpoint(
  baseUrl: string,
  host: string,
  mirror: boolean,
  config: RegistryConfig,
): Endpoint {
  const insecure = isInsecure(host, config.insecureRegistries);
  const certificates = hostCertificates(host, config);
  return { baseUrl, mirror, insecure, tls: tlsOptions(certificates, insecure) };
}

function tlsOptions(certificates: TlsOptions, insecure: boolean): TlsOptions | undefined {
  const options = insecure ? { ...certificates, rejectUnauthorized: false } : certificates;
  return Object.keys(options).length === 0 ? undefined : options;
}

/** Is this registry trusted without TLS? Host names are compared as written, addresses with the CIDRs too. */
export function isInsecure(host: string, insecureRegistries: readonly string[]): boolean {
  const name = hostName(host);
  if (name === "localhost" || name === "::1") return true;
  if (insecureRegistries.some((entry) => entry === host || entry === name)) return true;
  const family = isIP(name);
  if (family === 0) return false;
  return networks(["127.0.0.0/8", ...insecureRegistries]).check(
    name,
    family === 4 ? "ipv4" : "ipv6",
  );
}

function hostName(host: string): string {
  return host.startsWith("[") ? host.slice(1, host.indexOf("]")) : host.replace(/:\d+$/, "");
}

function networks(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits] = entry.split("/");
    const family = isIP(address);
    if (bits === undefined || family === 0) continue;
    list.addSubnet(address, Number(bits), family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

function hostCertificates(host: string, config: RegistryConfig): TlsOptions {
  const system = config.authorityFiles.map(readIfThere).find((text) => text !== undefined);
  const known = [...rootCertificates, ...(system === undefined ? [] : [system])];
  for (const directory of config.certificateDirectories) {
    const files = filesOf(join(directory, host));
    const read = (extension: string) =>
      files.filter((file) => file.endsWith(extension)).map((file) => readFileSync(file, "utf8"));
    const authorities = read(".crt");
    const [cert] = read(".cert");
    const [key] = read(".key");
    if (authorities.length === 0 && cert === undefined) continue;
    return {
      // A list replaces the built-in authorities, so those must be named as well.
      ca: [...known, ...authorities],
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
  }
  return system === undefined ? {} : { ca: known };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function filesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
      .sort()
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}
