const HEADER_BYTES = 8;
const STDERR = 2;
const SYSTEM_ERROR = 3;

export interface StreamPiece {
  readonly stderr: boolean;
  readonly bytes: Uint8Array;
}

/**
 * Takes Docker's frames apart (Engine API, attach, "Stream format"): 1 byte for the stream, 3 of zero,
 * 4 of length in big endian, the content. Frames of one stream that arrive together leave together.
 */
export class Demultiplexer {
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerLength = 0;
  #left = 0;
  #stream = 0;
  #systemError: Uint8Array[] = [];

  /** @throws Error with the daemon's words when a frame reports a failure */
  push(chunk: Uint8Array): StreamPiece[] {
    const pieces: StreamPiece[] = [];
    const content = new Uint8Array(chunk.length);
    let [start, end] = [0, 0];
    let at = 0;
    const cut = (): void => {
      if (end > start)
        pieces.push({ stderr: this.#stream === STDERR, bytes: content.subarray(start, end) });
      start = end;
    };
    while (at < chunk.length) {
      if (this.#left === 0) {
        const before = this.#stream;
        const taken = this.#readHeader(chunk, at);
        at += taken;
        if (this.#headerLength > 0) break;
        const now = this.#stream;
        if (now !== before) {
          this.#stream = before;
          cut();
          this.#stream = now;
        }
        continue;
      }
      const length = Math.min(this.#left, chunk.length - at);
      const part = chunk.subarray(at, at + length);
      at += length;
      this.#left -= length;
      if (this.#stream === SYSTEM_ERROR) {
        this.#systemErrorPart(part);
      } else {
        content.set(part, end);
        end += length;
      }
    }
    cut();
    return pieces;
  }

  /** Bytes taken; the header is complete when none of it is kept back. */
  #readHeader(chunk: Uint8Array, at: number): number {
    const taken = Math.min(HEADER_BYTES - this.#headerLength, chunk.length - at);
    this.#header.set(chunk.subarray(at, at + taken), this.#headerLength);
    this.#headerLength += taken;
    if (this.#headerLength < HEADER_BYTES) return taken;
    const [stream = 0, , , , a = 0, b = 0, c = 0, d = 0] = this.#header;
    if (stream > SYSTEM_ERROR) throw new Error(`unrecognized input header: ${stream}`);
    this.#stream = stream;
    this.#left = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    this.#headerLength = 0;
    return taken;
  }

  #systemErrorPart(part: Uint8Array): void {
    this.#systemError.push(part.slice());
    if (this.#left > 0) return;
    const text = Buffer.concat(this.#systemError).toString();
    throw new Error(`error from daemon in stream: ${text}`);
  }
}
