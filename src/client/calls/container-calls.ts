import {
  type ConsoleSize,
  type ContainerArchivePutOptions,
  type ContainerAttachOptions,
  type ContainerCreateOptions,
  type ContainerCreateRequest,
  type ContainerCreateResponse,
  type ContainerInspect,
  type ContainerListOptions,
  type ContainerLogsOptions,
  type ContainerPathStat,
  type ContainerPruneReport,
  type ContainerRemoveOptions,
  type ContainerStartOptions,
  type ContainerStats,
  type ContainerStatsOptions,
  type ContainerStopOptions,
  type ContainerSummary,
  type ContainerTop,
  type ContainerUpdateRequest,
  type ContainerUpdateResponse,
  type ContainerWaitCondition,
  type ContainerWaitResponse,
  encodeFilters,
  type FilesystemChange,
  type Filters,
  formatTimestamp,
  type LocalCopyReport,
  type LocalCopyRequest,
} from "../../spec/index.ts";
import type { HijackedStream } from "../hijacked-stream.ts";
import type { HttpTransport, RequestBody } from "../http-transport.ts";
import { failingProgress } from "../progress-stream.ts";

const MULTIPLEXED = "application/vnd.docker.multiplexed-stream";

/** A container's log as it comes over the wire. */
export interface LogStream {
  /** True: Docker's frames; false or undefined: ask `inspect` whether the container has a tty. */
  multiplexed: boolean | undefined;
  chunks: AsyncIterable<Uint8Array>;
}

/** `/containers`. `ref` is an id, a unique prefix of one, or a name. */
export class ContainerCalls {
  readonly #transport: HttpTransport;

  constructor(transport: HttpTransport) {
    this.#transport = transport;
  }

  list(options: Partial<ContainerListOptions> = {}): Promise<ContainerSummary[]> {
    const { all, limit, size, filters } = options;
    const query = { all, limit, size, filters: encodeFilters(filters) };
    return this.#transport.json("GET", "/containers/json", { query });
  }

  inspect(ref: string, options: { size?: boolean } = {}): Promise<ContainerInspect> {
    return this.#transport.json("GET", path(ref, "json"), { query: { size: options.size } });
  }

  create(
    request: ContainerCreateRequest,
    options: ContainerCreateOptions = {},
  ): Promise<ContainerCreateResponse> {
    const query = { name: options.name, platform: options.platform };
    return this.#transport.json("POST", "/containers/create", { query, json: request });
  }

  /** Starting a running container does nothing. */
  start(ref: string, options: ContainerStartOptions = {}): Promise<void> {
    return this.#post(ref, "start", { detachKeys: options.detachKeys });
  }

  /** Stopping a stopped container does nothing. */
  stop(ref: string, options: ContainerStopOptions = {}): Promise<void> {
    return this.#post(ref, "stop", { signal: options.signal, t: options.timeout });
  }

  restart(ref: string, options: ContainerStopOptions = {}): Promise<void> {
    return this.#post(ref, "restart", { signal: options.signal, t: options.timeout });
  }

  kill(ref: string, signal?: string): Promise<void> {
    return this.#post(ref, "kill", { signal });
  }

  pause(ref: string): Promise<void> {
    return this.#post(ref, "pause");
  }

  unpause(ref: string): Promise<void> {
    return this.#post(ref, "unpause");
  }

  rename(ref: string, name: string): Promise<void> {
    return this.#post(ref, "rename", { name });
  }

  remove(ref: string, options: Partial<ContainerRemoveOptions> = {}): Promise<void> {
    const query = { force: options.force, v: options.volumes, link: options.link };
    return this.#transport.send("DELETE", `/containers/${encodeURIComponent(ref)}`, { query });
  }

  prune(filters?: Filters): Promise<ContainerPruneReport> {
    const query = { filters: encodeFilters(filters) };
    return this.#transport.json("POST", "/containers/prune", { query });
  }

  update(ref: string, request: ContainerUpdateRequest): Promise<ContainerUpdateResponse> {
    return this.#transport.json("POST", path(ref, "update"), { json: request });
  }

  resize(ref: string, size: ConsoleSize): Promise<void> {
    return this.#post(ref, "resize", { h: size.rows, w: size.columns });
  }

  /**
   * Resolves once the daemon watches, so that a start that follows is not missed; `result` comes later.
   */
  async wait(
    ref: string,
    condition: ContainerWaitCondition = "not-running",
    signal?: AbortSignal,
  ): Promise<{ result: Promise<ContainerWaitResponse> }> {
    const response = await this.#transport.request("POST", path(ref, "wait"), {
      query: { condition },
      signal,
    });
    return { result: response.json() as Promise<ContainerWaitResponse> };
  }

  attach(ref: string, options: Partial<ContainerAttachOptions>): Promise<HijackedStream> {
    const { logs, stream, stdin, stdout, stderr, detachKeys } = options;
    const query = { logs, stream, stdin, stdout, stderr, detachKeys };
    return this.#transport.hijack("POST", path(ref, "attach"), { query });
  }

  async logs(
    ref: string,
    options: Partial<ContainerLogsOptions>,
    signal?: AbortSignal,
  ): Promise<LogStream> {
    const { since, until, ...flags } = options;
    const query = {
      ...flags,
      since: since === undefined ? undefined : formatTimestamp(since),
      until: until === undefined ? undefined : formatTimestamp(until),
    };
    const response = await this.#transport.request("GET", path(ref, "logs"), { query, signal });
    return {
      multiplexed: response.headers.get("content-type") === MULTIPLEXED ? true : undefined,
      chunks: this.#transport.chunks(response, signal),
    };
  }

  top(ref: string, psArgs?: string): Promise<ContainerTop> {
    return this.#transport.json("GET", path(ref, "top"), { query: { ps_args: psArgs } });
  }

  stats(
    ref: string,
    options: Partial<ContainerStatsOptions> = {},
    signal?: AbortSignal,
  ): Promise<AsyncIterable<ContainerStats>> {
    const query = {
      stream: options.stream === true ? "1" : "0",
      "one-shot": options.oneShot,
    };
    return this.#transport.lines("GET", path(ref, "stats"), { query, signal });
  }

  changes(ref: string): Promise<FilesystemChange[] | null> {
    return this.#transport.json("GET", path(ref, "changes"));
  }

  /** The container's file system as a tar stream. */
  export(ref: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#transport.stream("GET", path(ref, "export"), { signal });
  }

  async statPath(ref: string, inside: string): Promise<ContainerPathStat> {
    const query = { path: inside };
    return pathStat(await this.#transport.request("HEAD", path(ref, "archive"), { query }));
  }

  async getArchive(
    ref: string,
    inside: string,
    signal?: AbortSignal,
  ): Promise<{ stat: ContainerPathStat; tar: AsyncIterable<Uint8Array> }> {
    const options = { query: { path: inside }, signal };
    const response = await this.#transport.request("GET", path(ref, "archive"), options);
    return { stat: pathStat(response), tar: this.#transport.chunks(response, signal) };
  }

  /**
   * Berth's own: the daemon copies by itself and tells how far it is, in the end the whole. `conflict`,
   * `not-found` where it cannot.
   */
  async copyLocally(
    ref: string,
    request: LocalCopyRequest,
  ): Promise<AsyncIterable<LocalCopyReport>> {
    const target = `/berth/containers/${encodeURIComponent(ref)}/copy`;
    return failingProgress(await this.#transport.lines("POST", target, { json: request }));
  }

  putArchive(
    ref: string,
    inside: string,
    tar: RequestBody,
    options: Partial<ContainerArchivePutOptions> = {},
  ): Promise<void> {
    const query = {
      path: inside,
      noOverwriteDirNonDir: options.noOverwriteDirNonDir,
      copyUIDGID: options.copyUidGid,
    };
    const headers = { "Content-Type": "application/x-tar" };
    return this.#transport.send("PUT", path(ref, "archive"), { query, body: tar, headers });
  }

  #post(
    ref: string,
    verb: string,
    query: Record<string, string | number | boolean | undefined> = {},
  ): Promise<void> {
    return this.#transport.send("POST", path(ref, verb), { query });
  }
}

function path(ref: string, verb: string): string {
  return `/containers/${encodeURIComponent(ref)}/${verb}`;
}

function pathStat(response: Response): ContainerPathStat {
  const header = response.headers.get("x-docker-container-path-stat") ?? "";
  return JSON.parse(Buffer.from(header, "base64").toString("utf8"));
}
