import { type Digest, EngineError, errorMessage } from "../../spec/index.ts";
import { type ArchiveChild, killOnAbort, resultOf, spawnChild } from "../child-process.ts";
import type { UnpackOptions, UnpackResult } from "../tree-options.ts";
import type { UnpackRequest } from "./unpack-child.ts";

const SUBJECT = "unpack an archive";

/**
 * Unpacks a tar stream (plain, gzip or zstd by its first bytes) below `root`, in a process of its own that
 * has made `root` its root. Nothing outside of it can be reached, whatever the archive says. Backpressure
 * goes to the stream. Errors: `invalid-argument` for a bad archive, `not-found` for a missing `path`,
 * `conflict` for `noOverwriteDirNonDir`, others as the file system had it; what was unpacked until then
 * stays.
 */
export async function unpackTar(
  stream: AsyncIterable<Uint8Array>,
  root: string,
  { signal, ...options }: UnpackOptions,
): Promise<UnpackResult> {
  signal?.throwIfAborted();
  const request: UnpackRequest = { ...options, root, mounts: options.mounts ?? [] };
  const child = spawnChild("unpack", request, "pipe");
  const release = killOnAbort(child, signal);
  try {
    const result = resultOf<UnpackResult>(child, SUBJECT);
    result.catch(() => undefined);
    const sourceFailure = await feed(stream, child).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (sourceFailure !== undefined) child.kill("SIGKILL");
    await child.exited;
    signal?.throwIfAborted();
    if (sourceFailure !== undefined) throw sourceFailure.error;
    return await result;
  } finally {
    release();
  }
}

/**
 * As `unpackTar`, for a plain tar in a file whose digest is known: the bytes of its members go from file
 * to file inside of the kernel.
 */
export async function unpackTarFile(
  file: { path: string; digest: Digest; size: number },
  root: string,
  { signal, ...options }: UnpackOptions,
): Promise<UnpackResult> {
  signal?.throwIfAborted();
  const { digest, size } = file;
  const mounts = options.mounts ?? [];
  const request: UnpackRequest = { ...options, root, mounts, file: { digest, size } };
  const child = spawnChild("unpack", request, Bun.file(file.path));
  const release = killOnAbort(child, signal);
  try {
    return await resultOf(child, SUBJECT);
  } finally {
    release();
    signal?.throwIfAborted();
  }
}

/** Ends early, without an error, when the child has ended: it says itself why. */
async function feed(stream: AsyncIterable<Uint8Array>, child: ArchiveChild<"pipe">): Promise<void> {
  const ending = new Ending(child.exited);
  const iterator = stream[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const next = await ending.orElse(iterator.next());
      if (next === ENDED) return;
      if (next.done === true) {
        finished = true;
        break;
      }
      if (!(await send(child, next.value, ending))) return;
    }
    await child.stdin.end();
  } finally {
    if (!finished) closeQuietly(iterator);
  }
}

const ENDED = Symbol("ended");

/**
 * The end of a child, to wait for beside something else. `Promise.race` against one promise that lives as
 * long as the stream would keep everything that has won: the whole archive.
 */
class Ending {
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(exited: Promise<unknown>) {
    void exited.then(() => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  /** What the promise gives, or ENDED if the child has ended before. One at a time. */
  async orElse<T>(promise: Promise<T>): Promise<T | typeof ENDED> {
    promise.catch(() => undefined);
    if (this.#ended) return ENDED;
    return await new Promise<T | typeof ENDED>((resolve, reject) => {
      this.#wake = () => resolve(ENDED);
      promise.then(resolve, reject);
    });
  }
}

/** False when nobody reads any more. */
async function send(
  child: ArchiveChild<"pipe">,
  chunk: Uint8Array,
  ending: Ending,
): Promise<boolean> {
  try {
    child.stdin.write(chunk);
    const flushed = child.stdin.flush();
    if (flushed instanceof Promise) await ending.orElse(flushed);
    return child.exitCode === null;
  } catch (error) {
    if ((error as { code?: unknown }).code === "EPIPE") return false;
    throw new EngineError("internal", `Cannot unpack an archive: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** The source may be waiting for its network; nobody waits for it to notice. */
function closeQuietly(iterator: AsyncIterator<Uint8Array>): void {
  iterator.return?.().then(
    () => undefined,
    () => undefined,
  );
}
