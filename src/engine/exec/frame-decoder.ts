const HEADER = 8;

/** Takes Docker's multiplexed frames apart; payloads come in pieces as they arrive, in order. */
export class FrameDecoder {
  #header = Buffer.alloc(0);
  #left = 0;

  /** The payloads in this chunk, of stdout and stderr alike; views of its memory. */
  decode(chunk: Uint8Array): Uint8Array[] {
    const payloads: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const end = Math.min(chunk.length, at + this.#left);
        payloads.push(chunk.subarray(at, end));
        this.#left -= end - at;
        at = end;
        continue;
      }
      const end = Math.min(chunk.length, at + HEADER - this.#header.length);
      this.#header = Buffer.concat([this.#header, chunk.subarray(at, end)]);
      at = end;
      if (this.#header.length < HEADER) break;
      this.#left = this.#header.readUInt32BE(4);
      this.#header = Buffer.alloc(0);
    }
    return payloads;
  }
}
