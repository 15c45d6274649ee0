/**
 * Berth's build protocol (its own; Docker's classic `POST /build` is in `build-options.ts`).
 *
 * 1. Context: `POST /berth/contexts` with a `BuildContextEntry` on each line (NDJSON, `application/x-ndjson`),
 *    answered by `BuildContextNeeds`; what the daemon lacks goes with `POST /berth/contexts/{id}/files` as one stream of files (`context-stream.ts`).
 *    A tar goes whole with `POST /berth/contexts/tar`, answered by `BuildContextNeeds` too.
 * 2. Build: `POST /berth/builds` with a `BuildRequest`, answered by a stream of `BuildEvent` lines. Hanging up
 *    cancels the build. The first line is `build`, the last `result` or `error`.
 * 3. While that stream is open the client answers events:
 *    `ssh` by upgrading `POST /berth/builds/{id}/ssh?channel=N` and joining it to its agent's socket;
 *    `output` by reading `GET /berth/builds/{id}/output?index=N`, a tar. The build waits for both.
 * 4. History: `GET /berth/builds` (`BuildRecord[]`), `GET /berth/builds/{id}` (`BuildRecord`),
 *    `GET /berth/builds/{id}/log` (its `BuildEvent` lines; `?follow=1` goes on while it runs),
 *    `DELETE /berth/builds/{id}`.
 * 5. Cache: `GET /berth/build-cache` (`BuildCacheRecord[]`), `POST /build/prune` as Docker has it.
 *
 * BuildKit's session protocol (`POST /session`, `POST /grpc`) would be another way in to the same solver.
 */

import type { Descriptor } from "../oci/image.ts";
import type { RegistryAuth } from "./image.ts";

/** A file, directory or link of a context. Paths are relative, UTF-8, without `.` and `..`, parents first; ignored files are left out by the client. */
export interface BuildContextEntry {
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  /** Permission bits, set-id and sticky bits. */
  readonly mode: number;
  /** Bytes; 0 for anything but files. */
  readonly size: number;
  /** Seconds since the epoch: becomes the file's time in the image, and is in no cache key. */
  readonly mtime: number;
  /** Of symlinks. */
  readonly target?: string;
  /** Of files: lower-case hex. */
  readonly sha256?: string;
}

/** The context is complete when nothing is missing, or when that has been sent. It lives for an hour of idleness. */
export interface BuildContextNeeds {
  readonly id: string;
  /** sha256 of files, hex, each once. */
  readonly missing: readonly string[];
}

/** Where files come from. */
export type BuildContextSource =
  /** Of `POST /berth/contexts`. */
  | { readonly kind: "upload"; readonly id: string }
  /** `https://host/repo.git#ref:directory`, `git@host:repo#ref`. */
  | { readonly kind: "git"; readonly url: string }
  /** A tar (compressed or not), or a Dockerfile, behind http or https. */
  | { readonly kind: "url"; readonly url: string }
  /** `docker-image://` of a named context: a reference or an id. */
  | { readonly kind: "image"; readonly reference: string }
  | { readonly kind: "empty" };

export interface BuildUlimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** `--output`, written for the daemon: what goes to the client comes back by `output` events. */
export type BuildOutput =
  /** Into the image store; `tags` of the request apply. `push` as well. */
  | { readonly type: "image"; readonly push?: boolean; readonly unpack?: boolean }
  /** The tree as a plain tar; a `local` destination is unpacked by the client. */
  | { readonly type: "local" | "tar"; readonly platformSplit?: boolean }
  /** An archive; `tags` of the request apply unless `name` is given. */
  | { readonly type: "oci" | "docker"; readonly name?: string; readonly tar?: boolean }
  /** To a registry without keeping it; `tags` of the request apply. */
  | { readonly type: "registry"; readonly insecure?: boolean }
  /** Runs everything and keeps nothing but the cache. */
  | { readonly type: "cacheonly" };

export type BuildCompression = "uncompressed" | "gzip" | "zstd";

/** `--cache-from`. */
export type BuildCacheSource =
  /** An image that was built with an inline or a registry cache. */
  | { readonly type: "registry"; readonly reference: string }
  /** An OCI layout that the client has sent as a context. */
  | { readonly type: "local"; readonly context: string };

/** How layers are compressed. */
export interface BuildLayerForm {
  /** Of the layers that the build makes. What goes to a registry is `gzip` where nothing is said. */
  readonly compression?: BuildCompression;
  /** `gzip` 1-9, `zstd` 1-22. */
  readonly compressionLevel?: number;
  /** The layers of base images, too. */
  readonly forceCompression?: boolean;
}

/** What goes into a cache: the steps of the target alone (`min`), or of every stage that it needed. */
export interface BuildCacheExtent extends BuildLayerForm {
  readonly mode?: "min" | "max";
  /** A cache that cannot be written is a warning. */
  readonly ignoreError?: boolean;
}

/** `--cache-to`. */
export type BuildCacheTarget =
  | { readonly type: "inline" }
  | ({ readonly type: "registry"; readonly reference: string } & BuildCacheExtent)
  /** Comes back by an `output` event: a tar of an OCI layout. */
  | ({ readonly type: "local" } & BuildCacheExtent);

/** What the processes of each step may take. Absent or 0: no limit, but the daemon's own defaults. */
export interface BuildLimits {
  /** Bytes. */
  readonly memory?: number;
  /** Bytes. */
  readonly memorySwap?: number;
  readonly cpuShares?: number;
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly cgroupParent?: string;
  /** Bytes. */
  readonly shmSize?: number;
  readonly ulimits?: readonly BuildUlimit[];
}

/** Body of `POST /berth/builds`. Secrets are held in memory only. */
export interface BuildRequest extends BuildLimits, BuildLayerForm {
  readonly context: BuildContextSource;
  /** The file's text; else it is read in the context at `dockerfilePath`. */
  readonly dockerfile?: string;
  /** Default `Dockerfile`; also the name that errors show. */
  readonly dockerfilePath?: string;
  readonly target?: string;
  /** Text of the ignore file that the client has obeyed: for the warning of sources that it left out. */
  readonly ignoreFile?: string;
  /** Nothing is built: `warning` events for the whole file, then a `result` without images, or an `error`. */
  readonly check?: boolean;
  /** Nothing is built either: the `result`'s metadata has `result.json`, as BuildKit's subrequests answer. `check`'s has it, too. */
  readonly call?: "outline" | "targets";
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** More than one makes an index. Default: the host's. */
  readonly platforms?: readonly string[];
  /** `name[:tag]`. */
  readonly tags?: readonly string[];
  /** `default`, `none`, `host`, or the name of a network. */
  readonly network?: string;
  /** `host:address`. */
  readonly extraHosts?: readonly string[];
  readonly noCache?: boolean;
  /** Stages whose steps run again, by name or number. */
  readonly noCacheFilter?: readonly string[];
  /** Asks the registry for base images even where there is one here. */
  readonly pull?: boolean;
  readonly cacheFrom?: readonly BuildCacheSource[];
  readonly cacheTo?: readonly BuildCacheTarget[];
  /** `--build-context`: by name. */
  readonly contexts?: Readonly<Record<string, BuildContextSource>>;
  /** Base64, by id; at most 500 KiB each. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Ids of the agents that the client can join (`default` …). */
  readonly ssh?: readonly string[];
  /** Default: one `image`. */
  readonly outputs?: readonly BuildOutput[];
  /** `network.host`, `security.insecure`. */
  readonly allow?: readonly string[];
  readonly attestations?: {
    readonly provenance?: "min" | "max";
    /** Of SLSA's predicate; `v0.2` where nothing is said. */
    readonly provenanceVersion?: "v0.2" | "v1";
    readonly builderId?: string;
    readonly sbom?: boolean;
  };
  /** Seconds since the epoch: every time stamp of what is made. */
  readonly sourceDateEpoch?: number;
  /** Keeps the snapshot of a step that fails, as an image (`BuildFailure.image`). */
  readonly keepFailed?: boolean;
  /** Tells by `miss` events why a step is not cached. */
  readonly explainCache?: boolean;
  /** By registry host, for bases, caches and pushes. */
  readonly auth?: Readonly<Record<string, RegistryAuth>>;
}

/** Where in the Dockerfile; lines count from 1. */
export interface BuildPosition {
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
}

/** One step of the graph. */
export interface BuildVertex {
  /** Unique in the build. */
  readonly id: string;
  /** `[build 2/5] RUN make`. */
  readonly name: string;
  readonly position?: BuildPosition;
  /** Ids of the steps that it waits for. */
  readonly inputs: readonly string[];
  /** Work of the builder's own, like reading a context: shown dimmed. */
  readonly internal?: boolean;
}

export interface BuildFailure {
  readonly message: string;
  /** `ErrorKind`. */
  readonly kind: string;
  readonly vertex?: string;
  readonly position?: BuildPosition;
  /** Of a `RUN` that ended. */
  readonly exitCode?: number;
  /** With `keepFailed`: the tree before and what the step did, with the step's environment. Kept for an hour. */
  readonly image?: string;
}

export interface BuiltImage {
  readonly platform: string;
  /** Digest of the configuration: the image's id. */
  readonly id: string;
  readonly manifest: Descriptor;
}

/** One line of the answer to `POST /berth/builds`. `at` is RFC 3339 with nanoseconds. */
export type BuildEvent =
  | { readonly type: "build"; readonly id: string; readonly at: string }
  /** Told before anything else of it. */
  | { readonly type: "vertex"; readonly vertex: BuildVertex }
  | { readonly type: "started"; readonly vertex: string; readonly at: string }
  | { readonly type: "cached"; readonly vertex: string; readonly at: string }
  | { readonly type: "finished"; readonly vertex: string; readonly at: string }
  /** Nobody needs it any more, because another step failed. */
  | { readonly type: "cancelled"; readonly vertex: string; readonly at: string }
  | {
      readonly type: "failed";
      readonly vertex: string;
      readonly at: string;
      readonly message: string;
    }
  /** Output as it came; bytes that are not UTF-8 are replaced. */
  | {
      readonly type: "log";
      readonly vertex: string;
      readonly at: string;
      readonly stream: "stdout" | "stderr";
      readonly text: string;
    }
  /** A transfer or the like; `total` where it is known. */
  | {
      readonly type: "progress";
      readonly vertex: string;
      readonly item: string;
      readonly status: string;
      readonly current?: number;
      readonly total?: number;
    }
  | {
      readonly type: "warning";
      /** A rule of the linter. */
      readonly rule?: string;
      readonly message: string;
      readonly position?: BuildPosition;
      readonly url?: string;
    }
  /** Why a step was not cached. */
  | { readonly type: "miss"; readonly vertex: string; readonly reason: string }
  | { readonly type: "ssh"; readonly channel: number; readonly agent: string }
  /** Index in `outputs`, and from there on in `cacheTo`. */
  | { readonly type: "output"; readonly index: number; readonly what: "tree" | "archive" | "cache" }
  | {
      readonly type: "result";
      readonly at: string;
      readonly images: readonly BuiltImage[];
      /** Where there is an index: several platforms, or attestations. */
      readonly index?: Descriptor;
      readonly tags: readonly string[];
      /** `--metadata-file`, with BuildKit's keys. */
      readonly metadata: Readonly<Record<string, unknown>>;
    }
  | { readonly type: "error"; readonly at: string; readonly failure: BuildFailure };

export interface BuildRecord {
  readonly id: string;
  /** The first tag, or the context and target. */
  readonly name: string;
  readonly status: "running" | "completed" | "failed" | "cancelled";
  readonly createdAt: string;
  readonly completedAt?: string;
  readonly steps: number;
  readonly cachedSteps: number;
  readonly platforms: readonly string[];
  readonly tags: readonly string[];
  readonly images: readonly string[];
  readonly error?: string;
}

/** `POST /build/prune`. Sizes in bytes. */
export interface BuildPruneOptions {
  readonly all: boolean;
  /** `keep-storage`, `reserved-space`: what stays at least. */
  readonly reservedSpace?: number;
  /** Prunes until no more than this is left. */
  readonly maxUsedSpace?: number;
  /** Prunes until this much of the disk is free. */
  readonly minFreeSpace?: number;
  readonly filters: Readonly<Record<string, readonly string[]>>;
}

export interface BuildPruneReport {
  readonly CachesDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}
