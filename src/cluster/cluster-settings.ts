import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { errorMessage, invalidArgument } from "../spec/index.ts";
import type { EtcdOptions } from "./etcd/etcd-store.ts";

/** The UDP port of VXLAN (RFC 7348). */
const VXLAN_PORT = 4789;
const DEFAULT_TTL = 30;
const DEFAULT_PREFIX = "/berth";

/** How a daemon takes part in a cluster. */
export interface ClusterSettings {
  etcd: EtcdOptions;
  /** Where other hosts reach this one. */
  address: string;
  /** UDP port on which this host takes packets of overlay networks. */
  port: number;
  /** Seconds after which a host that is not heard of is gone. */
  ttl: number;
}

const OPTIONS = [
  "kv.path",
  "kv.cacertfile",
  "kv.certfile",
  "kv.keyfile",
  "kv.user",
  "kv.passwordfile",
  "discovery.ttl",
];

/**
 * From `--cluster-store`, `--cluster-advertise` and `--cluster-store-opt` (names as Docker's had them).
 * @throws invalid-argument
 */
export function parseClusterSettings(
  store: string,
  advertise: string | undefined,
  options: Readonly<Record<string, string>>,
): ClusterSettings {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    throw invalidArgument(
      `Cannot use the cluster option "${unknown}": there are ${OPTIONS.join(", ")}`,
    );
  }
  if (advertise === undefined || advertise === "") {
    throw invalidArgument("--cluster-store needs --cluster-advertise ADDRESS|INTERFACE[:PORT]");
  }
  const ttl = Number(options["discovery.ttl"] ?? DEFAULT_TTL);
  if (!Number.isInteger(ttl) || ttl < 2 || ttl > 3600) {
    throw invalidArgument("discovery.ttl is a number of seconds from 2 to 3600");
  }
  return { etcd: etcdOptions(store, options), ...advertised(advertise), ttl };
}

function etcdOptions(store: string, options: Readonly<Record<string, string>>): EtcdOptions {
  const [, hosts = "", path = ""] = /^etcd:\/\/([^/]+)(\/.*)?$/.exec(store) ?? [];
  if (hosts === "") {
    throw invalidArgument(
      `invalid --cluster-store ${store}: etcd://HOST:PORT[,HOST:PORT…][/PREFIX]`,
    );
  }
  const file = (name: string): string | undefined => {
    const where = options[name];
    return where === undefined ? undefined : readText(where);
  };
  const [ca, cert, key] = [file("kv.cacertfile"), file("kv.certfile"), file("kv.keyfile")];
  const secure = ca !== undefined || cert !== undefined || key !== undefined;
  const user = options["kv.user"];
  const password = file("kv.passwordfile")?.trim();
  const prefix = (options["kv.path"] ?? path).replace(/\/+$/, "");
  return {
    endpoints: hosts.split(",").map((host) => `${secure ? "https" : "http"}://${withPort(host)}`),
    prefix: prefix === "" ? DEFAULT_PREFIX : prefix.startsWith("/") ? prefix : `/${prefix}`,
    ...(secure ? { tls: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } } : {}),
    ...(user === undefined ? {} : { user: { name: user, password: password ?? "" } }),
  };
}

const withPort = (host: string): string => (/:\d+$/.test(host) ? host : `${host}:2379`);

/** `10.0.0.1`, `[fd00::1]:4790`, `eth0`, `eth0:4790`. */
function advertised(text: string): { address: string; port: number } {
  const [, bracketed, plain = "", number] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const place = bracketed ?? (plain === "" ? text : plain);
  const port = number === undefined ? VXLAN_PORT : Number(number);
  if (port < 1 || port > 65535) throw invalidArgument(`invalid --cluster-advertise ${text}`);
  if (/^[0-9.]+$/.test(place) || place.includes(":")) return { address: place, port };
  const addresses = networkInterfaces()[place] ?? [];
  const usable = addresses.filter(({ address }) => !address.startsWith("fe80:"));
  const found = usable.find(({ family }) => family === "IPv4") ?? usable[0];
  if (found === undefined) {
    throw invalidArgument(
      `invalid --cluster-advertise ${text}: there is no interface "${place}" with an address`,
    );
  }
  return { address: found.address, port };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw invalidArgument(`Cannot read "${path}": ${errorMessage(error)}`, error);
  }
}
