import {
  type BuildCacheSource,
  type BuildCacheTarget,
  type BuildContextSource,
  type BuildOutput,
  type BuildRequest,
  type BuildUlimit,
  invalidArgument,
  type RegistryAuth,
} from "../../../spec/index.ts";
import {
  type Decoder,
  decoder,
  flag,
  integer,
  list,
  map,
  object,
  text,
  word,
} from "../../decode.ts";
import { pickRegistryAuth } from "../../registry-auth.ts";

/** One of several shapes that a field tells apart. */
function variant<T>(tag: string, shapes: Readonly<Record<string, Decoder<object>>>): Decoder<T> {
  return decoder({ type: "object" }, (value, at) => {
    if (value === null) return undefined;
    const kind = (value as Record<string, unknown>)[tag];
    const shape = typeof kind === "string" ? shapes[kind] : undefined;
    if (shape === undefined) {
      const known = Object.keys(shapes).join(", ");
      throw invalidArgument(`invalid JSON: field ${at}.${tag} is none of ${known}`);
    }
    return { [tag]: kind, ...shape(value, at) } as T;
  });
}

const context: Decoder<BuildContextSource> = variant("kind", {
  upload: object({ id: text }, { id: "" }),
  git: object({ url: text }, { url: "" }),
  url: object({ url: text }, { url: "" }),
  image: object({ reference: text }, { reference: "" }),
  empty: object({}),
});

const output: Decoder<BuildOutput> = variant("type", {
  image: object({ push: flag, unpack: flag }),
  local: object({ platformSplit: flag }),
  tar: object({ platformSplit: flag }),
  oci: object({ name: text, tar: flag }),
  docker: object({ name: text, tar: flag }),
  registry: object({ insecure: flag }),
  cacheonly: object({}),
});

const cacheSource: Decoder<BuildCacheSource> = variant("type", {
  registry: object({ reference: text }, { reference: "" }),
  local: object({ context: text }, { context: "" }),
});

const extent = {
  mode: word<"min" | "max">(),
  ignoreError: flag,
  compression: word<"uncompressed" | "gzip" | "zstd">(),
  compressionLevel: integer,
  forceCompression: flag,
};

const cacheTarget: Decoder<BuildCacheTarget> = variant("type", {
  inline: object({}),
  registry: object({ reference: text, ...extent }),
  local: object(extent),
});

const ulimit: Decoder<BuildUlimit> = object(
  { name: text, soft: integer, hard: integer },
  { name: "", soft: 0, hard: 0 },
);

const auth: Decoder<RegistryAuth> = decoder({ type: "object" }, pickRegistryAuth);

/** `POST /berth/builds`. */
export const buildRequest: Decoder<BuildRequest> = object<BuildRequest>(
  {
    context,
    dockerfile: text,
    dockerfilePath: text,
    ignoreFile: text,
    check: flag,
    call: word<"outline" | "targets">(),
    target: text,
    buildArgs: map(text),
    labels: map(text),
    annotations: map(text),
    platforms: list(text),
    tags: list(text),
    network: text,
    extraHosts: list(text),
    shmSize: integer,
    ulimits: list(ulimit),
    memory: integer,
    memorySwap: integer,
    cpuShares: integer,
    cpuQuota: integer,
    cpuPeriod: integer,
    cpusetCpus: text,
    cpusetMems: text,
    cgroupParent: text,
    noCache: flag,
    noCacheFilter: list(text),
    pull: flag,
    cacheFrom: list(cacheSource),
    cacheTo: list(cacheTarget),
    contexts: map(context),
    secrets: map(text),
    ssh: list(text),
    outputs: list(output),
    allow: list(text),
    attestations: object({
      provenance: word<"min" | "max">(),
      provenanceVersion: word<"v0.2" | "v1">(),
      builderId: text,
      sbom: flag,
    }),
    sourceDateEpoch: integer,
    compression: word<"uncompressed" | "gzip" | "zstd">(),
    compressionLevel: integer,
    forceCompression: flag,
    keepFailed: flag,
    explainCache: flag,
    auth: map(auth),
  },
  { context: { kind: "empty" } },
);
