/** The parts of Bun's FileSink that a stream of bytes needs. */
export interface Sink {
  write(chunk: string | Uint8Array): number | Promise<number>;
  flush(): number | Promise<number>;
}

/**
 * Standard output or error: gathers what is written and passes it on without blocking the event loop.
 * `flush` resolves when the reader has taken all; it must be awaited before the process ends.
 */
export class Output {
  readonly fd: number;
  #sink: Sink | undefined;
  readonly #open: () => Sink;

  constructor(fd: number, open: () => Sink) {
    this.fd = fd;
    this.#open = open;
  }

  write(chunk: string | Uint8Array): void {
    if (chunk.length === 0) return;
    this.#sink ??= this.#open();
    void this.#sink.write(chunk);
  }

  line(text: string): void {
    this.write(`${text}\n`);
  }

  /** Writes and waits until the reader has taken it: constant memory for streams of any length. */
  async send(chunk: Uint8Array): Promise<void> {
    this.write(chunk);
    await this.flush();
  }

  async flush(): Promise<void> {
    await this.#sink?.flush();
  }
}
