/** Where messages of a remote driver go. Each `send` is one message; they go in order. */
export interface LogTransport {
  /** Bytes that wait to be sent. */
  readonly queued: number;
  /** Resolves once messages can be sent; rejects where they cannot. */
  opened(): Promise<void>;
  /** Sends or queues. What cannot be sent for want of a connection is dropped, as Docker does. */
  send(message: Uint8Array): void;
  /** Resolves when little or nothing waits any more. */
  drained(): Promise<void>;
  /** Lets go after what is queued has been sent. */
  close(): void;
}

/** Messages that wait, and those who wait for them to have gone. */
export class MessageQueue {
  #messages: Uint8Array[] = [];
  #bytes = 0;
  #waiting: (() => void)[] = [];

  get bytes(): number {
    return this.#bytes;
  }

  push(message: Uint8Array): void {
    this.#messages.push(message);
    this.#bytes += message.length;
  }

  first(): Uint8Array | undefined {
    return this.#messages[0];
  }

  shift(): void {
    this.#bytes -= this.#messages.shift()?.length ?? 0;
    if (this.#bytes === 0) this.#release();
  }

  clear(): void {
    this.#messages = [];
    this.#bytes = 0;
    this.#release();
  }

  /** Resolves when the queue is empty. */
  empty(): Promise<void> {
    if (this.#bytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
