import { copyTree, packTree } from "../../archive/index.ts";
import { errorKind } from "../../spec/index.ts";
import type { OpenVolume } from "../../store/index.ts";
import type { EngineContext } from "../context.ts";
import { type PausedWriters, pauseWriters } from "./pause-writers.ts";

type Context = Pick<EngineContext, "store" | "containers" | "host" | "log">;

/**
 * A volume, or `NAME@SNAPSHOT`, as a tar with owners, attributes and holes; the first member is the volume's
 * own directory. Its writers are frozen until it is read: for an instant where the file system can share
 * blocks with a copy, else until the reader has the last byte, or leaves.
 */
export async function exportVolume(
  context: Context,
  ref: string,
  { pause }: { pause: boolean },
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const source = await context.store.volumes.open(ref, "exported");
  let frozen: PausedWriters | undefined;
  let copy: OpenVolume | undefined;
  try {
    frozen = pause && !ref.includes("@") ? await pauseWriters(context, ref) : undefined;
    if (frozen !== undefined) copy = await sharedCopy(context, ref, source.directory, frozen);
  } catch (error) {
    await frozen?.resume();
    source.close();
    throw error;
  }
  const directory = copy?.directory ?? source.directory;
  async function* stream(): AsyncGenerator<Uint8Array> {
    try {
      yield* packTree(directory, { rename: ".", sparse: true, signal });
    } finally {
      copy?.close();
      source.close();
      await frozen?.resume();
    }
  }
  return stream();
}

/** Undefined where blocks cannot be shared: then the writers stay frozen. */
async function sharedCopy(
  context: Context,
  name: string,
  directory: string,
  frozen: PausedWriters,
): Promise<OpenVolume | undefined> {
  try {
    return await context.store.volumes.openCopy(name, async (target) => {
      await copyTree(directory, target, { sharedOnly: true, onCopied: () => frozen.resume() });
    });
  } catch (error) {
    if (errorKind(error) === "failed-precondition") return undefined;
    throw error;
  }
}
