import { FrameDecoder, type StreamPiece } from "../spec/index.ts";

/**
 * Takes Docker's frames apart: what `logs` and `attach` give of a container without a tty. A piece is part of
 * `StreamNumber.stdout` (1) or `StreamNumber.stderr` (2).
 */
export async function* demultiplex(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamPiece> {
  const decoder = new FrameDecoder();
  for await (const chunk of chunks) yield* decoder.push(chunk);
}
