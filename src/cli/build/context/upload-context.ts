import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import type { EngineClient } from "../../../client/index.ts";
import { encodeContextFileHeader } from "../../../spec/context-stream.ts";
import type { IgnorePatterns } from "../../../spec/ignore-patterns.ts";
import type { BuildContextEntry } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import { HashCache } from "./hash-cache.ts";
import { unreadable, type WalkedEntry, walkContext } from "./walk-context.ts";

export interface UploadOptions {
  readonly root: string;
  readonly ignore: IgnorePatterns;
  readonly cacheDirectory: string | undefined;
  readonly signal: AbortSignal;
}

export interface Upload {
  readonly id: string;
  readonly files: number;
  /** Bytes of all files. */
  readonly size: number;
  readonly hashedFiles: number;
  readonly sentFiles: number;
  readonly sentBytes: number;
}

interface Source {
  readonly path: string;
  readonly size: number;
}

/** Tells the daemon what the context is, and sends the files that it lacks. */
export async function uploadContext(client: EngineClient, options: UploadOptions): Promise<Upload> {
  const manifest = new ContextManifest(options);
  const { id, missing } = await withReader(manifest.entries(), (entries) =>
    client.builds.openContext(entries, options.signal),
  );
  const files = missing.map((sha256) => manifest.source(sha256));
  if (missing.length > 0) {
    await withReader(sendFiles(options.root, missing, files), (stream) =>
      client.builds.sendFiles(id, stream, options.signal),
    );
  }
  return {
    id,
    files: manifest.files,
    size: manifest.size,
    hashedFiles: manifest.hashedFiles,
    sentFiles: files.length,
    sentBytes: files.reduce((sum, { size }) => sum + size, 0),
  };
}

/** A failure to read is what the caller hears, not the request that ended by it. */
async function withReader<T, R>(
  reader: Iterable<T> | AsyncIterable<T>,
  send: (values: AsyncIterable<T>) => Promise<R>,
): Promise<R> {
  let failure: { error: unknown } | undefined;
  async function* watched(): AsyncGenerator<T> {
    try {
      yield* reader;
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  try {
    return await send(watched());
  } catch (error) {
    throw failure === undefined ? error : failure.error;
  }
}

class ContextManifest {
  files = 0;
  size = 0;
  hashedFiles = 0;
  readonly #options: UploadOptions;
  /** A file for each content. */
  readonly #sources = new Map<string, Source>();

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  source(sha256: string): Source {
    const source = this.#sources.get(sha256);
    if (source === undefined)
      throw new CliError(`the daemon asks for a file that is not in the context: ${sha256}`);
    return source;
  }

  *entries(): Generator<BuildContextEntry> {
    const { root, ignore, cacheDirectory } = this.#options;
    const cache = HashCache.open(cacheDirectory, root);
    for (const walked of walkContext(root, ignore)) {
      const { entry } = walked;
      if (entry.type !== "file") {
        yield entry;
        continue;
      }
      const sha256 = cache.find(walked) ?? this.#hash(cache, walked);
      this.files += 1;
      this.size += entry.size;
      this.#sources.set(sha256, { path: entry.path, size: entry.size });
      yield { ...entry, sha256 };
    }
    cache.save();
  }

  #hash(cache: HashCache, walked: WalkedEntry): string {
    const started = Date.now();
    const sha256 = hashFile(`${this.#options.root}/${walked.entry.path}`, walked.entry.size);
    this.hashedFiles += 1;
    cache.add(walked, sha256, started);
    return sha256;
  }
}

const PIECE = 1024 * 1024;

function hashFile(path: string, size: number): string {
  const hasher = new Bun.CryptoHasher("sha256");
  try {
    for (const piece of readPieces(path, size)) hasher.update(piece);
  } catch (error) {
    throw unreadable(path, error);
  }
  return hasher.digest("hex");
}

/** A small file whole; of a large one pieces of one buffer, each overwritten by the next. */
function* readPieces(path: string, size: number): Generator<Uint8Array> {
  if (size <= PIECE) {
    yield readFileSync(path);
    return;
  }
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(PIECE);
    for (;;) {
      const length = readSync(file, buffer, 0, PIECE, null);
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

/** Small files go together in pieces of about a mebibyte. */
async function* sendFiles(
  root: string,
  digests: readonly string[],
  sources: readonly Source[],
): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let length = 0;
  for (const [index, sha256] of digests.entries()) {
    const source = sources[index];
    if (source === undefined) continue;
    const path = `${root}/${source.path}`;
    gathered.push(encodeContextFileHeader({ sha256, size: source.size }));
    let left = source.size;
    for (const piece of readPieces(path, source.size)) {
      left -= piece.length;
      if (left < 0) break;
      gathered.push(source.size <= PIECE ? piece : piece.slice());
      length += piece.length;
      if (length < PIECE) continue;
      yield Buffer.concat(gathered);
      gathered = [];
      length = 0;
    }
    if (left !== 0) {
      throw new CliError(`${path} changed while it was sent: build again`);
    }
  }
  yield Buffer.concat(gathered);
}
