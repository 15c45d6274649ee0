import {
  type BuildUlimit,
  type ClassicBuildOptions,
  EngineError,
  invalidArgument,
  type RegistryAuth,
} from "../../../spec/index.ts";
import type { ApiRequest } from "../../api-request.ts";
import type { Query } from "../../query.ts";
import { decodePlatform, pickRegistryAuth } from "../../registry-auth.ts";

/** Reads what Docker's clients put into the query and headers of `POST /build`. */
export function classicOptions(request: ApiRequest): ClassicBuildOptions {
  const { query } = request;
  if (query.text("version") === "2") {
    throw new EngineError(
      "not-implemented",
      "BuildKit sessions are not served: build with DOCKER_BUILDKIT=0, or with berth build",
    );
  }
  if (query.flag("squash")) {
    throw invalidArgument("squash is only supported with experimental mode");
  }
  const platform = decodePlatform(query.text("platform"));
  return {
    tags: query.all("t").filter((tag) => tag !== ""),
    dockerfile: query.text("dockerfile") ?? "Dockerfile",
    ...optionalText(query, { remote: "remote", target: "target", networkMode: "networkmode" }),
    ...optionalText(query, {
      cpusetCpus: "cpusetcpus",
      cpusetMems: "cpusetmems",
      cgroupParent: "cgroupparent",
    }),
    ...(platform === undefined ? {} : { platform }),
    quiet: query.flag("q"),
    noCache: query.flag("nocache"),
    pull: query.flag("pull"),
    buildArgs: jsonMap(query, "buildargs"),
    labels: jsonMap(query, "labels"),
    extraHosts: extraHosts(query.all("extrahosts")),
    cacheFrom: jsonList(query, "cachefrom"),
    outputs: outputs(query),
    ulimits: ulimits(query),
    ...optionalNumbers(query),
    auth: registryConfig(request.header("x-registry-config")),
  };
}

function optionalText<Key extends string>(
  query: Query,
  names: Readonly<Record<Key, string>>,
): { [K in Key]?: string } {
  const entries = Object.entries<string>(names).map(([key, name]) => [key, query.text(name)]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as {
    [K in Key]?: string;
  };
}

const NUMBERS = {
  shmSize: "shmsize",
  memory: "memory",
  memorySwap: "memswap",
  cpuShares: "cpushares",
  cpuQuota: "cpuquota",
  cpuPeriod: "cpuperiod",
} as const;

function optionalNumbers(query: Query): { [K in keyof typeof NUMBERS]?: number } {
  const entries = Object.entries(NUMBERS).map(([key, name]) => [key, query.integer(name)]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== 0));
}

function json(query: Query, name: string): unknown {
  const text = query.text(name);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidArgument(`error reading ${name}: invalid JSON`, cause);
  }
}

/** Null values stand for arguments without a value: they are left out. */
function jsonMap(query: Query, name: string): Record<string, string> {
  const value = json(query, name) ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw invalidArgument(`error reading ${name}: it is no object`);
  }
  const entries = Object.entries(value as Record<string, unknown>);
  return Object.fromEntries(
    entries.flatMap(([key, each]) => (each === null ? [] : [[key, String(each)] as const])),
  );
}

function jsonList(query: Query, name: string): string[] {
  const value = json(query, name) ?? [];
  if (!Array.isArray(value)) throw invalidArgument(`error reading ${name}: it is no list`);
  return value.map(String);
}

/** Docker's clients repeat the parameter, or send one JSON list. */
function extraHosts(values: readonly string[]): string[] {
  return values.flatMap((value) => {
    if (!value.startsWith("[")) return value === "" ? [] : [value];
    try {
      return (JSON.parse(value) as unknown[]).map(String);
    } catch (cause) {
      throw invalidArgument("error reading extrahosts: invalid JSON", cause);
    }
  });
}

function outputs(query: Query): ClassicBuildOptions["outputs"] {
  const value = json(query, "outputs");
  if (!Array.isArray(value)) return [];
  return value.map((each: { Type?: unknown; Attrs?: Record<string, string> }) => ({
    type: String(each.Type ?? ""),
    attrs: each.Attrs ?? {},
  }));
}

function ulimits(query: Query): BuildUlimit[] {
  const value = json(query, "ulimits") ?? [];
  if (!Array.isArray(value)) throw invalidArgument("error reading ulimits: it is no list");
  return value.map((each: { Name?: unknown; Soft?: unknown; Hard?: unknown }) => ({
    name: String(each.Name ?? ""),
    soft: Number(each.Soft ?? 0),
    hard: Number(each.Hard ?? 0),
  }));
}

/** `X-Registry-Config`: base64url JSON, credentials by registry. One that cannot be read counts as none. */
export function registryConfig(header: string | undefined): Record<string, RegistryAuth> {
  if (header === undefined || header === "") return {};
  try {
    const value = JSON.parse(Buffer.from(header, "base64url").toString("utf8")) as object;
    return Object.fromEntries(
      Object.entries(value).map(([host, auth]) => [host, pickRegistryAuth(auth)]),
    );
  } catch {
    return {};
  }
}
