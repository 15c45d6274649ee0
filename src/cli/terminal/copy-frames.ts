import type { Output } from "../output.ts";
import { Demultiplexer } from "./demultiplexer.ts";

/** Frames of the daemon to standard output and error; either may be left out. */
export async function copyFrames(
  chunks: AsyncIterable<Uint8Array>,
  stdout: Output | undefined,
  stderr: Output | undefined,
): Promise<void> {
  const demultiplexer = new Demultiplexer();
  for await (const chunk of chunks) {
    for (const piece of demultiplexer.push(chunk)) {
      await (piece.stderr ? stderr : stdout)?.send(piece.bytes);
    }
  }
}
