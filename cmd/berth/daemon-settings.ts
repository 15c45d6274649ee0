import { invalidArgument } from "../../src/spec/index.ts";

/** How a setting is written: on the command line, and in the configuration file. */
type Form = "text" | "number" | "size" | "flag" | "list" | "pairs";

interface Setting {
  form: Form;
  /** Key in the configuration file, where it is not the flag's name. */
  key?: string;
  short?: string;
}

/**
 * Every setting of the daemon, with dockerd's names. A flag and the file may not both set one, lists
 * included, as with dockerd.
 */
export const SETTINGS = {
  "data-root": { form: "text" },
  "exec-root": { form: "text" },
  host: { form: "list", key: "hosts", short: "H" },
  "api-socket": { form: "list", key: "api-sockets" },
  ephemeral: { form: "flag" },
  pidfile: { form: "text", short: "p" },
  bip: { form: "text" },
  bridge: { form: "text", short: "b" },
  mtu: { form: "number" },
  "default-address-pool": { form: "list", key: "default-address-pools" },
  dns: { form: "list" },
  "dns-opt": { form: "list", key: "dns-opts" },
  "dns-search": { form: "list" },
  "host-gateway-ip": { form: "text" },
  "registry-mirror": { form: "list", key: "registry-mirrors" },
  "insecure-registry": { form: "list", key: "insecure-registries" },
  "max-concurrent-downloads": { form: "number" },
  "image-disk-limit": { form: "size" },
  "build-cache-limit": { form: "size" },
  "plugin-dir": { form: "list", key: "plugin-dirs" },
  "volume-trash-hours": { form: "number" },
  "volume-trash-limit": { form: "size" },
  "log-driver": { form: "text" },
  "log-opt": { form: "pairs", key: "log-opts" },
  "log-level": { form: "text", short: "l" },
  debug: { form: "flag", short: "D" },
  label: { form: "list", key: "labels" },
  "live-restore": { form: "flag" },
  "shutdown-timeout": { form: "number" },
  "default-ulimit": { form: "list", key: "default-ulimits" },
  "default-shm-size": { form: "size" },
  init: { form: "flag" },
  "cgroup-parent": { form: "text" },
  "default-runtime": { form: "text" },
  "add-runtime": { form: "pairs", key: "runtimes" },
  "cluster-store": { form: "text" },
  "cluster-advertise": { form: "text" },
  "cluster-store-opt": { form: "pairs", key: "cluster-store-opts" },
  tls: { form: "flag" },
  tlsverify: { form: "flag" },
  tlscacert: { form: "text" },
  tlscert: { form: "text" },
  tlskey: { form: "text" },
  "tcp-without-certificates": { form: "flag" },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
type ValueOf<F extends Form> = F extends "text"
  ? string
  : F extends "number" | "size"
    ? number
    : F extends "flag"
      ? boolean
      : F extends "list"
        ? string[]
        : Record<string, string>;
export type Settings = { -readonly [N in SettingName]?: ValueOf<(typeof SETTINGS)[N]["form"]> };
type Values = Partial<Record<SettingName, unknown>>;

const names = Object.keys(SETTINGS) as SettingName[];
const settingOf = (name: SettingName): Setting => SETTINGS[name];

export interface CommandLine {
  settings: Settings;
  configFile: string | undefined;
}

/** `--name value`, `--name=value`, `-H value`, `-Hvalue`, `--flag`, `--flag=false`. Throws for others. */
export function parseDaemonFlags(args: readonly string[]): CommandLine {
  const values: Values = {};
  let configFile: string | undefined;
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const flag = splitFlag(word);
    const take = (): string => {
      const value = flag.value ?? rest.shift();
      if (value === undefined) throw invalidArgument(`flag needs an argument: ${flag.written}`);
      return value;
    };
    if (flag.name === "config-file") configFile = take();
    else {
      const name = names.find(
        (known) => known === flag.name || settingOf(known).short === flag.name,
      );
      if (name === undefined) throw invalidArgument(`unknown flag: ${flag.written}`);
      const text = settingOf(name).form === "flag" ? (flag.value ?? "true") : take();
      values[name] = add(values[name], name, text, flag.written);
    }
  }
  return { settings: values as Settings, configFile };
}

/** Settings of the configuration file, an object as dockerd's `daemon.json`. */
export function parseConfigFile(text: string, path: string): Settings {
  let file: unknown;
  try {
    file = JSON.parse(text === "" ? "{}" : text);
  } catch (error) {
    throw unusable(path, error instanceof Error ? error.message : String(error));
  }
  if (typeof file !== "object" || file === null || Array.isArray(file)) {
    throw unusable(path, "it must hold a JSON object");
  }
  const values: Values = {};
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(file)) {
    if (key === "builder") {
      Object.assign(values, builderSettings(value, path));
      continue;
    }
    const name = names.find((known) => (settingOf(known).key ?? known) === key);
    if (name === undefined) unknown.push(key);
    else values[name] = fromFile(name, value, path);
  }
  if (unknown.length > 0) {
    throw unusable(
      path,
      `the following directives don't match any configuration option: ${unknown.join(", ")}`,
    );
  }
  return values as Settings;
}

/** dockerd's `builder.gc`: its ceiling is the build cache's, whether it stands there or in a policy for all. */
function builderSettings(value: unknown, path: string): Values {
  const { gc = {} } = (value ?? {}) as { gc?: Record<string, unknown> };
  const policies = Array.isArray(gc["policy"]) ? (gc["policy"] as Record<string, unknown>[]) : [];
  const forAll = policies.find(({ all }) => all === true) ?? policies.at(-1) ?? {};
  const names = ["maxUsedSpace", "defaultKeepStorage", "keepStorage"];
  const limit = names.map((name) => gc[name] ?? forAll[name]).find((each) => each !== undefined);
  if (gc["enabled"] === false) return { "build-cache-limit": 0 };
  return limit === undefined
    ? {}
    : { "build-cache-limit": fromFile("build-cache-limit", limit, path) };
}

/** Flags over file. What both set is an error in dockerd's words. */
export function mergeSettings(flags: Settings, file: Settings, path: string): Settings {
  const both = names.filter((name) => flags[name] !== undefined && file[name] !== undefined);
  if (both.length > 0) {
    const details = both.map((name) => {
      const key = settingOf(name).key ?? name;
      return `${key}: (from flag: ${show(flags[name])}, from file: ${show(file[name])})`;
    });
    throw unusable(
      path,
      `the following directives are specified both as a flag and in the configuration file: ${details.join(", ")}`,
    );
  }
  return { ...file, ...flags };
}

function splitFlag(word: string): { name: string; value: string | undefined; written: string } {
  const long = /^--([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(word);
  if (long !== null) return { name: long[1] ?? "", value: long[2], written: `--${long[1]}` };
  const short = /^-([A-Za-z])(?:=?(.+))?$/s.exec(word);
  if (short !== null) return { name: short[1] ?? "", value: short[2], written: `-${short[1]}` };
  throw invalidArgument(`unknown argument for the daemon: ${word}`);
}

function add(before: unknown, name: SettingName, text: string, written: string): unknown {
  switch (settingOf(name).form) {
    case "list":
      return [...((before as string[] | undefined) ?? []), text];
    case "pairs": {
      const equals = text.indexOf("=");
      if (equals <= 0)
        throw invalidArgument(`invalid argument "${text}" for "${written}": expected KEY=VALUE`);
      return { ...(before as object | undefined), [text.slice(0, equals)]: text.slice(equals + 1) };
    }
    case "number":
      if (!/^-?\d+$/.test(text))
        throw invalidArgument(`invalid argument "${text}" for "${written}"`);
      return Number(text);
    case "size":
      return parseSize(text, written);
    case "flag":
      if (!/^(true|false|1|0)$/i.test(text)) {
        throw invalidArgument(`invalid argument "${text}" for "${written}"`);
      }
      return /^(true|1)$/i.test(text);
    case "text":
      return text;
  }
}

function fromFile(name: SettingName, value: unknown, path: string): unknown {
  const { form, key = name } = settingOf(name);
  const wrong = () => unusable(path, `"${key}" has a value of the wrong type`);
  switch (form) {
    case "text":
      if (typeof value !== "string") throw wrong();
      return value;
    case "flag":
      if (typeof value !== "boolean") throw wrong();
      return value;
    case "number":
      if (typeof value !== "number") throw wrong();
      return value;
    case "size":
      return typeof value === "number" ? value : parseSize(String(value), key);
    case "pairs":
      return pairsFromFile(value, wrong);
    case "list":
      return listFromFile(name, value, wrong);
  }
}

/** `runtimes` holds objects with a path, the other pairs hold texts. */
function pairsFromFile(value: unknown, wrong: () => Error): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong();
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => {
      const text = typeof entry === "object" && entry !== null ? Reflect.get(entry, "path") : entry;
      if (typeof text !== "string") throw wrong();
      return [key, text];
    }),
  );
}

/** Pools and ulimits are objects in the file and `key=value` words on the command line. */
function listFromFile(name: SettingName, value: unknown, wrong: () => Error): string[] {
  if (name === "default-ulimit" && typeof value === "object" && value !== null) {
    return Object.values(value).map((entry) => {
      const { Name, Soft, Hard } = entry as { Name?: unknown; Soft?: unknown; Hard?: unknown };
      return `${Name}=${Soft}:${Hard}`;
    });
  }
  if (name === "registry-mirror" && typeof value === "object" && value !== null) {
    if (!Array.isArray(value)) return mirrorsFromFile(value, wrong);
  }
  if (!Array.isArray(value)) throw wrong();
  return value.map((entry: unknown) => {
    if (typeof entry === "string") return entry;
    if (name !== "default-address-pool" || typeof entry !== "object" || entry === null) {
      throw wrong();
    }
    return Object.entries(entry)
      .map(([key, part]) => `${key}=${String(part)}`)
      .join(",");
  });
}

/** `{"ghcr.io": ["https://mirror.example"]}`: for several registries, where dockerd has a list for one. */
function mirrorsFromFile(value: object, wrong: () => Error): string[] {
  return Object.entries(value).flatMap(([registry, urls]) => {
    if (!Array.isArray(urls)) throw wrong();
    return urls.map((url) => `${registry}=${String(url)}`);
  });
}

/** Bytes out of `64m`. */
export function parseSize(text: string, written: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text);
  if (match === null)
    throw invalidArgument(`invalid argument "${text}" for "${written}": invalid size`);
  const power = ["", "k", "m", "g", "t"].indexOf((match[2] ?? "").toLowerCase());
  return Math.floor(Number(match[1]) * 1024 ** power);
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.join(" ")}]`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function unusable(path: string, why: string): Error {
  return invalidArgument(`unable to configure the Berth daemon with file ${path}: ${why}`);
}
