import { type LogDriver, readLogs } from "../../logs/index.ts";
import { type ContainerLogsOptions, conflict, invalidArgument } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";

/** A container's log, from where and for as long as the caller asks. */
export async function readContainerLogs(
  context: EngineContext,
  ref: string,
  options: ContainerLogsOptions,
  signal: AbortSignal,
): Promise<{ tty: boolean; chunks: AsyncIterable<Uint8Array> }> {
  if (!options.stdout && !options.stderr) {
    throw invalidArgument("You must choose at least one stream");
  }
  const container = context.containers.get(ref);
  if (container.removing) {
    throw conflict("can not get logs from container which is dead or marked for removal");
  }
  const { hostConfig, config } = container.record;
  const driver = hostConfig.LogConfig.Type as LogDriver;
  // Nothing writes the log of a container that does not run: there is nothing to follow.
  const follow = options.follow && container.running;
  const chunks = readLogs(
    context.store.snapshots.containerDirectory(container.id),
    { driver, options: hostConfig.LogConfig.Config },
    { ...options, follow, tty: config.Tty },
    signal,
  );
  return { tty: config.Tty, chunks: await beginReading(chunks) };
}

/** Reads up to the first chunk, so that a log that cannot be read is an error and not an empty stream. */
async function beginReading(
  chunks: AsyncGenerator<Uint8Array>,
): Promise<AsyncIterable<Uint8Array>> {
  // Waiting for the first line of a followed log would hold back the response's head.
  const first = chunks.next();
  const early = await Promise.race([first, new Promise<void>((resolve) => setImmediate(resolve))]);
  if (early !== undefined && early.done === true) return (async function* () {})();
  return (async function* () {
    try {
      const { value, done } = await first;
      if (done !== true) yield value;
      yield* chunks;
    } finally {
      await chunks.return(undefined);
    }
  })();
}
