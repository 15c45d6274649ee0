import {
  type BlobList,
  type DistributionInspect,
  encodeFilters,
  type Filters,
  type ImageCommitOptions,
  type ImageDeleteItem,
  type ImageHistoryItem,
  type ImageImportOptions,
  type ImageInspect,
  type ImageListOptions,
  type ImageLoadOptions,
  type ImagePruneOptions,
  type ImagePruneReport,
  type ImagePullOptions,
  type ImagePushOptions,
  type ImageRemoveOptions,
  type ImageSaveOptions,
  type ImageSearchOptions,
  type ImageSearchResult,
  type ImageSummary,
  type ImageTagOptions,
  type ProgressMessage,
  parseReference,
  type RegistryAuth,
} from "../../spec/index.ts";
import type { HttpTransport, RequestBody, RequestOptions } from "../http-transport.ts";
import { failingProgress } from "../progress-stream.ts";

const TAR = { "Content-Type": "application/x-tar" };

/**
 * `/images`. Progress streams end with a thrown EngineError when the daemon reports a failure in them; one
 * that it reports before is a DaemonError of the call itself.
 */
export class ImageCalls {
  readonly #transport: HttpTransport;

  constructor(transport: HttpTransport) {
    this.#transport = transport;
  }

  list(options: Partial<ImageListOptions> = {}): Promise<ImageSummary[]> {
    const { all, sharedSize, digests, manifests, filters } = options;
    const query = {
      all,
      digests,
      manifests,
      "shared-size": sharedSize,
      filters: encodeFilters(filters),
    };
    return this.#transport.json("GET", "/images/json", { query });
  }

  inspect(
    name: string,
    options: { platform?: string; manifests?: boolean } = {},
  ): Promise<ImageInspect> {
    const query = { platform: platformJson(options.platform), manifests: options.manifests };
    return this.#transport.json("GET", path(name, "json"), { query });
  }

  history(name: string, options: { platform?: string } = {}): Promise<ImageHistoryItem[]> {
    const query = { platform: platformJson(options.platform) };
    return this.#transport.json("GET", path(name, "history"), { query });
  }

  pull(options: ImagePullOptions, signal?: AbortSignal): Promise<AsyncIterable<ProgressMessage>> {
    const { name, tag } = splitReference(options.reference);
    const query = { fromImage: name, tag, platform: options.platform };
    const headers = authHeader(options.auth);
    return this.#progress("/images/create", { query, headers, signal });
  }

  /** `body` is the tar when `options.source` is `-`. */
  import(
    options: Partial<ImageImportOptions> & { source: string },
    body?: RequestBody,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<ProgressMessage>> {
    const { name, tag } = options.reference === undefined ? {} : splitReference(options.reference);
    const query = {
      fromSrc: options.source,
      repo: name,
      tag,
      message: options.message || undefined,
      changes: options.changes,
      platform: options.platform,
    };
    const headers = body === undefined ? {} : TAR;
    const sent = body === undefined ? {} : { body };
    return this.#progress("/images/create", { query, headers, signal, ...sent });
  }

  push(
    name: string,
    options: ImagePushOptions = {},
    signal?: AbortSignal,
  ): Promise<AsyncIterable<ProgressMessage>> {
    const query = {
      tag: options.tag,
      platform: platformJson(options.platform),
      compression: options.compression,
    };
    // Docker's daemons refuse a push without the header, even an anonymous one.
    const headers = authHeader(options.auth ?? {});
    return this.#progress(path(name, "push"), { query, headers, signal });
  }

  load(
    tar: RequestBody,
    options: Partial<ImageLoadOptions> = {},
    signal?: AbortSignal,
  ): Promise<AsyncIterable<ProgressMessage>> {
    const query = {
      quiet: options.quiet === true ? "1" : "0",
      platform: options.platforms?.map(platformJson).filter((text) => text !== undefined),
    };
    return this.#progress("/images/load", { query, body: tar, headers: TAR, signal });
  }

  save(
    names: readonly string[],
    options: Partial<ImageSaveOptions> = {},
    signal?: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const platform = options.platforms?.map(platformJson).filter((text) => text !== undefined);
    return this.#transport.stream("GET", "/images/get", { query: { names, platform }, signal });
  }

  tag(name: string, options: ImageTagOptions): Promise<void> {
    const query = { repo: options.repo, tag: options.tag };
    return this.#transport.send("POST", path(name, "tag"), { query });
  }

  remove(name: string, options: Partial<ImageRemoveOptions> = {}): Promise<ImageDeleteItem[]> {
    const query = {
      force: options.force,
      noprune: options.noPrune,
      platforms: options.platforms?.map(platformJson).filter((text) => text !== undefined),
    };
    return this.#transport.json("DELETE", `/images/${encodeName(name)}`, { query });
  }

  /** `dryRun` is Berth's own: any other engine would prune, so ask it only where Berth answers. */
  prune(filters?: Filters, options: Partial<ImagePruneOptions> = {}): Promise<ImagePruneReport> {
    const query = { filters: encodeFilters(filters), "dry-run": options.dryRun || undefined };
    return this.#transport.json("POST", "/images/prune", { query });
  }

  /** Berth's own: guards an image against removal, or lifts the guard. */
  lock(name: string, locked: boolean): Promise<void> {
    return this.#transport.send("POST", own(name, locked ? "lock" : "unlock"));
  }

  /** Berth's own: every blob of an image, by digest. */
  blobs(name: string): Promise<BlobList> {
    return this.#transport.json("GET", own(name, "blobs"));
  }

  /** Berth's own: which of these blobs the engine has not. */
  missing(blobs: BlobList): Promise<BlobList> {
    return this.#transport.json("POST", "/berth/blobs/missing", { json: blobs });
  }

  /** Berth's own: as `save`, without the blobs that the reader has. */
  archive(
    name: string,
    without: BlobList,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    return this.#transport.stream("POST", own(name, "archive"), { json: without, signal });
  }

  /** What a registry has under a name. */
  distribution(name: string, auth?: RegistryAuth): Promise<DistributionInspect> {
    const headers = authHeader(auth);
    return this.#transport.json("GET", `/distribution/${encodeName(name)}/json`, { headers });
  }

  search(options: Partial<ImageSearchOptions> & { term: string }): Promise<ImageSearchResult[]> {
    const { term, limit, filters, auth } = options;
    const query = { term, limit, filters: encodeFilters(filters) };
    return this.#transport.json("GET", "/images/search", { query, headers: authHeader(auth) });
  }

  commit(options: Partial<ImageCommitOptions> & { container: string }): Promise<{ Id: string }> {
    const { container, repo, tag, comment, author, pause, changes, config } = options;
    const query = {
      container,
      repo,
      tag,
      comment: comment || undefined,
      author: author || undefined,
      pause: pause === false ? "0" : "1",
      changes,
    };
    return this.#transport.json("POST", "/commit", { query, json: config ?? null });
  }

  async #progress(where: string, options: RequestOptions): Promise<AsyncIterable<ProgressMessage>> {
    return failingProgress(await this.#transport.lines("POST", where, options));
  }
}

/** Slashes of a name stay as they are; the daemon's paths allow them. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll("%2F", "/").replaceAll("%3A", ":");
}

function path(name: string, verb: string): string {
  return `/images/${encodeName(name)}/${verb}`;
}

function own(name: string, verb: string): string {
  return `/berth/images/${encodeName(name)}/${verb}`;
}

/** The API wants name and tag apart; a digest goes where the tag goes. */
function splitReference(text: string): { name: string; tag?: string } {
  const { tag, digest } = parseReference(text);
  const suffix = digest ?? tag;
  if (suffix === undefined) return { name: text };
  const name = text.slice(0, text.length - suffix.length - 1);
  const bare = digest !== undefined && tag !== undefined ? name.slice(0, -tag.length - 1) : name;
  return { name: bare, tag: suffix };
}

function authHeader(auth: RegistryAuth | undefined): Record<string, string> {
  if (auth === undefined) return {};
  return { "X-Registry-Auth": Buffer.from(JSON.stringify(auth)).toString("base64url") };
}

/** `linux/arm64/v8` as the JSON that most calls want. */
function platformJson(platform: string | undefined): string | undefined {
  if (platform === undefined || platform === "") return undefined;
  const [os, architecture, variant] = platform.split("/");
  return JSON.stringify({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}
