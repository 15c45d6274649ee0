/**
 * Docker's framing of a container's output: every frame is a header of 8 bytes (stream number, three zero
 * bytes, length in big-endian order) and its content. Engine API, "ContainerAttach", "Stream format".
 */
export const FRAME_HEADER_BYTES = 8;

export const StreamNumber = { stdin: 0, stdout: 1, stderr: 2, systemError: 3 } as const;
export type StreamNumber = (typeof StreamNumber)[keyof typeof StreamNumber];

/** A piece of one stream's content; a frame that arrives in pieces is handed on in pieces. */
export interface StreamPiece {
  stream: StreamNumber;
  content: Uint8Array;
}

export function encodeFrame(stream: StreamNumber, content: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + content.length);
  frame[0] = stream;
  new DataView(frame.buffer).setUint32(4, content.length);
  frame.set(content, FRAME_HEADER_BYTES);
  return frame;
}

/**
 * Takes a framed stream apart, however it is cut into chunks. Keeps no content: pieces are views of the
 * chunk that was pushed.
 */
export class FrameDecoder {
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  readonly #view = new DataView(this.#header.buffer);
  #filled = 0;
  #stream: StreamNumber = StreamNumber.stdout;
  #remaining = 0;

  /** False while a header or a content is not complete: at the end of the stream that means it was cut. */
  get atBoundary(): boolean {
    return this.#filled === 0 && this.#remaining === 0;
  }

  /** @throws Error on what cannot be a header: the stream is not framed */
  push(chunk: Uint8Array): StreamPiece[] {
    const pieces: StreamPiece[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#remaining > 0) {
        const content = chunk.subarray(at, at + this.#remaining);
        pieces.push({ stream: this.#stream, content });
        at += content.length;
        this.#remaining -= content.length;
      } else {
        at += this.#fillHeader(chunk.subarray(at, at + FRAME_HEADER_BYTES - this.#filled));
      }
    }
    return pieces;
  }

  #fillHeader(part: Uint8Array): number {
    this.#header.set(part, this.#filled);
    this.#filled += part.length;
    if (this.#filled === FRAME_HEADER_BYTES) {
      const stream = this.#header[0] ?? 0;
      if (stream > 3) throw new Error(`unrecognized stream: ${stream}`);
      this.#stream = stream as StreamNumber;
      this.#remaining = this.#view.getUint32(4);
      this.#filled = 0;
    }
    return part.length;
  }
}
