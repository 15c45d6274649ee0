import { selfCommand } from "../../linux/self-command.ts";
import { type Digest, EngineError, errorMessage } from "../../spec/index.ts";
import { childError, exitText } from "../child-protocol.ts";
import type { UnpackOptions, UnpackResult } from "../tree-options.ts";
import type { UnpackRequest } from "./unpack-child.ts";

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
  const child = spawnUnpack(request, "pipe");
  const kill = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  try {
    const result = resultOf(child);
    result.catch(() => undefined);
    const sourceFailure = await feed(stream, child).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (sourceFailure !== undefined) kill();
    await child.exited;
    signal?.throwIfAborted();
    if (sourceFailure !== undefined) throw sourceFailure.error;
    return await result;
  } finally {
    signal?.removeEventListener("abort", kill);
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
  const child = spawnUnpack(request, Bun.file(file.path));
  const kill = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  try {
    return await resultOf(child);
  } finally {
    signal?.removeEventListener("abort", kill);
    signal?.throwIfAborted();
  }
}

function spawnUnpack<Input extends "pipe" | Bun.BunFile>(request: UnpackRequest, stdin: Input) {
  return Bun.spawn([...selfCommand(), "unpack", JSON.stringify(request)], {
    stdin,
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] ?? "" },
  });
}

async function resultOf(
  child: Pick<Child, "stdout" | "stderr" | "exited" | "exitCode" | "signalCode">,
): Promise<UnpackResult> {
  const output = new Response(child.stdout).text();
  const errors = new Response(child.stderr).text();
  await child.exited;
  if (child.exitCode !== 0) throw childError("unpack an archive", await errors, exitText(child));
  return JSON.parse(await output) as UnpackResult;
}

type Child = Bun.Subprocess<"pipe", "pipe", "pipe">;

/** Ends early, without an error, when the child has ended: it says itself why. */
async function feed(stream: AsyncIterable<Uint8Array>, child: Child): Promise<void> {
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
async function send(child: Child, chunk: Uint8Array, ending: Ending): Promise<boolean> {
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
