import { errorMessage, invalidArgument } from "../../spec/index.ts";
import type { Collection } from "../../store/index.ts";
import type { ContextFiles } from "./context-files.ts";

/** A remote file, in the pool. */
export interface FetchedFile {
  readonly sha256: string;
  readonly size: number;
  /** Seconds since the epoch; of `Last-Modified`. */
  readonly mtime: number;
  /** What the server calls it, by `Content-Disposition` or the address. */
  readonly name: string;
}

interface Seen extends FetchedFile {
  readonly etag: string;
}

export interface FetchOptions {
  /** `sha256:<hex>`. */
  readonly checksum?: string;
  readonly onProgress: (current: number, total: number | undefined) => void;
  readonly signal: AbortSignal;
}

/** Downloads over http(s) into the pool, and asks a server that gave an ETag only whether it is still that. */
export class UrlFetcher {
  readonly #files: ContextFiles;
  readonly #seen: Collection<Seen>;

  constructor(files: ContextFiles, seen: Collection<Seen>) {
    this.#files = files;
    this.#seen = seen;
  }

  async fetch(url: string, options: FetchOptions): Promise<FetchedFile> {
    const before = this.#seen.get(url);
    const known = before !== undefined && this.#files.has(before.sha256) ? before : undefined;
    if (known !== undefined && options.checksum === `sha256:${known.sha256}`) return known;
    const headers: Record<string, string> = known?.etag ? { "If-None-Match": known.etag } : {};
    const response = await this.#request(url, headers, options.signal);
    if (response.status === 304 && known !== undefined) return checked(url, known, options);
    if (!response.ok || response.body === null) {
      throw invalidArgument(
        `failed to GET ${url} with status ${response.status} ${response.statusText}`,
      );
    }
    const stored = await this.#files.put(counted(response, options));
    const file = {
      ...stored,
      mtime: Math.floor(Date.parse(response.headers.get("last-modified") ?? "") / 1000) || 0,
      name: fileName(url, response.headers.get("content-disposition")),
    };
    this.#seen.put(url, { ...file, etag: response.headers.get("etag") ?? "" });
    return checked(url, file, options);
  }

  async #request(
    url: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Response> {
    try {
      // Compressed on the way, the bytes would not be those that a checksum is of.
      return await fetch(url, { headers: { ...headers, "Accept-Encoding": "identity" }, signal });
    } catch (error) {
      signal.throwIfAborted();
      throw invalidArgument(`Cannot download "${url}": ${errorMessage(error)}`, error);
    }
  }
}

async function* counted(
  response: Response,
  { onProgress, signal }: FetchOptions,
): AsyncGenerator<Uint8Array> {
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  const total = Number.isFinite(length) ? length : undefined;
  let current = 0;
  for await (const chunk of response.body ?? []) {
    signal.throwIfAborted();
    current += chunk.length;
    onProgress(current, total);
    yield chunk;
  }
}

function checked(url: string, file: FetchedFile, { checksum }: FetchOptions): FetchedFile {
  if (checksum === undefined || checksum === `sha256:${file.sha256}`) return file;
  throw invalidArgument(`digest mismatch sha256:${file.sha256}: ${checksum} (of ${url})`);
}

function fileName(url: string, disposition: string | null): string {
  const given = /filename="?([^";]+)"?/i.exec(disposition ?? "")?.[1];
  const last = given ?? decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "");
  return last.split("/").at(-1) ?? "";
}
