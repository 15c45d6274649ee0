import {
  type BuildCacheRecord,
  type BuildContextEntry,
  type BuildContextNeeds,
  type BuildEvent,
  type BuildPruneOptions,
  type BuildPruneReport,
  type BuildRecord,
  type BuildRequest,
  type ClassicBuildOptions,
  encodeFilters,
  type ProgressMessage,
} from "../../spec/index.ts";
import type { HijackedStream } from "../hijacked-stream.ts";
import type { HttpTransport, RequestBody } from "../http-transport.ts";
import { failingProgress } from "../progress-stream.ts";
import type { QueryValue } from "../query-string.ts";

const LINES = { "Content-Type": "application/x-ndjson" };
const TAR = { "Content-Type": "application/x-tar" };
const FILES = { "Content-Type": "application/octet-stream" };

/** Berth's own build protocol (`src/spec/api/build.ts`), and the pruning of the cache as Docker has it. */
export class BuildCalls {
  readonly #transport: HttpTransport;

  constructor(transport: HttpTransport) {
    this.#transport = transport;
  }

  /** Tells what a context consists of; the answer tells what of that the daemon lacks. */
  openContext(
    entries: AsyncIterable<BuildContextEntry> | Iterable<BuildContextEntry>,
    signal?: AbortSignal,
  ): Promise<BuildContextNeeds> {
    return this.#transport.json("POST", "/berth/contexts", {
      body: encodeLines(entries),
      headers: LINES,
      signal,
    });
  }

  /** `files` is a stream of `context-stream.ts`. */
  sendFiles(id: string, files: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
    const options = { body: files, headers: FILES, signal };
    return this.#transport.send("POST", `/berth/contexts/${id}/files`, options);
  }

  /** A whole context as a tar, compressed or not. */
  openTarContext(tar: RequestBody, signal?: AbortSignal): Promise<BuildContextNeeds> {
    return this.#transport.json("POST", "/berth/contexts/tar", { body: tar, headers: TAR, signal });
  }

  /** Aborting, or leaving the loop early, cancels the build. */
  build(request: BuildRequest, signal?: AbortSignal): Promise<AsyncIterable<BuildEvent>> {
    return this.#transport.lines("POST", "/berth/builds", { json: request, signal });
  }

  /** For an `ssh` event: the stream to join to the agent's socket. */
  openSsh(id: string, channel: number): Promise<HijackedStream> {
    return this.#transport.hijack("POST", `/berth/builds/${id}/ssh`, { query: { channel } });
  }

  /** For an `output` event: a tar. */
  output(id: string, index: number, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#transport.stream("GET", `/berth/builds/${id}/output`, {
      query: { index },
      signal,
    });
  }

  /** Docker's classic builder, for engines that are not Berth's. Ends with a thrown error when it fails. */
  async classic(
    options: ClassicBuildOptions,
    context: AsyncIterable<Uint8Array> | undefined,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<ProgressMessage>> {
    const config = Buffer.from(JSON.stringify(options.auth)).toString("base64url");
    const messages = await this.#transport.lines<ProgressMessage>("POST", "/build", {
      query: classicQuery(options),
      headers: { ...TAR, "X-Registry-Config": config },
      signal,
      ...(context === undefined ? {} : { body: context }),
    });
    return failingProgress(messages);
  }

  list(): Promise<BuildRecord[]> {
    return this.#transport.json("GET", "/berth/builds");
  }

  /** `id` may be shortened as long as one build has it. */
  inspect(id: string): Promise<BuildRecord> {
    return this.#transport.json("GET", `/berth/builds/${encodeURIComponent(id)}`);
  }

  log(
    id: string,
    options: { follow?: boolean } = {},
    signal?: AbortSignal,
  ): Promise<AsyncIterable<BuildEvent>> {
    return this.#transport.lines("GET", `/berth/builds/${encodeURIComponent(id)}/log`, {
      query: { follow: options.follow },
      signal,
    });
  }

  remove(id: string): Promise<void> {
    return this.#transport.send("DELETE", `/berth/builds/${encodeURIComponent(id)}`);
  }

  cache(): Promise<BuildCacheRecord[]> {
    return this.#transport.json("GET", "/berth/build-cache");
  }

  prune(options: BuildPruneOptions): Promise<BuildPruneReport> {
    const query = {
      all: options.all,
      "reserved-space": options.reservedSpace,
      "max-used-space": options.maxUsedSpace,
      "min-free-space": options.minFreeSpace,
      // The name before API 1.48.
      "keep-storage": options.reservedSpace,
      filters: encodeFilters(options.filters),
    };
    return this.#transport.json("POST", "/build/prune", { query });
  }
}

function classicQuery(options: ClassicBuildOptions): Record<string, QueryValue> {
  const json = (value: object): string | undefined =>
    Object.keys(value).length === 0 ? undefined : JSON.stringify(value);
  return {
    t: options.tags,
    dockerfile: options.dockerfile,
    remote: options.remote,
    q: options.quiet,
    nocache: options.noCache,
    pull: options.pull,
    rm: true,
    buildargs: json(options.buildArgs),
    labels: json(options.labels),
    target: options.target,
    networkmode: options.networkMode,
    extrahosts: options.extraHosts,
    platform: options.platform,
    cachefrom: options.cacheFrom.length === 0 ? undefined : JSON.stringify(options.cacheFrom),
    shmsize: options.shmSize,
    memory: options.memory,
    memswap: options.memorySwap,
    cpushares: options.cpuShares,
    cpuquota: options.cpuQuota,
    cpuperiod: options.cpuPeriod,
    cpusetcpus: options.cpusetCpus,
    cpusetmems: options.cpusetMems,
    cgroupparent: options.cgroupParent,
    ulimits: json(
      options.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    ),
  };
}

const CHUNK = 64 * 1024;

/** One JSON value on each line, many lines in a chunk. */
async function* encodeLines(
  values: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = "";
  for await (const value of values) {
    text += `${JSON.stringify(value)}\n`;
    if (text.length < CHUNK) continue;
    yield encoder.encode(text);
    text = "";
  }
  yield encoder.encode(text);
}
