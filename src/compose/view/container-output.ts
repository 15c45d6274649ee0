import { Demultiplexer } from "../../cli/terminal/demultiplexer.ts";

/** Both streams of a container's frames as one, in the order in which they came. */
export async function* merged(
  chunks: AsyncIterable<Uint8Array>,
  framed: boolean,
): AsyncGenerator<Uint8Array, void> {
  if (!framed) {
    yield* chunks;
    return;
  }
  const frames = new Demultiplexer();
  for await (const chunk of chunks) for (const { bytes } of frames.push(chunk)) yield bytes;
}
