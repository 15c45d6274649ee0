const MAXIMUM_BYTES = 64 * 1024;

/** Collects the head of an HTTP/1.1 response from chunks cut anywhere. */
export class ResponseHead {
  /** 0 when what came is no HTTP. */
  status = 0;
  /** Names in lower case. */
  readonly headers = new Map<string, string>();
  #collected = "";

  /** The bytes after the head, or undefined while it is not complete. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    const before = this.#collected.length;
    // One character per byte, so that positions in the text are positions in the bytes.
    this.#collected += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
    const end = this.#collected.indexOf("\r\n\r\n");
    if (end < 0) return this.#collected.length > MAXIMUM_BYTES ? chunk : undefined;
    this.#parse(this.#collected.slice(0, end));
    return chunk.subarray(end + 4 - before);
  }

  #parse(text: string): void {
    const [statusLine = "", ...lines] = text.split("\r\n");
    this.status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1] ?? 0);
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (colon > 0)
        this.headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
  }
}
