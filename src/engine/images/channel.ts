/** Hands values from one writer to one reader, one at a time: `send` resolves when the reader took it. */
export class Channel<T> implements AsyncIterable<T> {
  private item: { value: T; taken: () => void; refused: (error: unknown) => void } | undefined;
  private finish: { error?: unknown } | undefined;
  private cancelled: { error: unknown } | undefined;
  private wake: (() => void) | undefined;

  async send(value: T): Promise<void> {
    if (this.cancelled !== undefined) throw this.cancelled.error;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.item = { value, taken: resolve, refused: reject };
    this.wake?.();
    await promise;
  }

  /** With an error the reader's iteration throws it. */
  end(error?: unknown): void {
    this.finish ??= error === undefined ? {} : { error };
    this.wake?.();
  }

  /** The reader is gone: `send` throws from now on. */
  cancel(error: unknown): void {
    this.cancelled ??= { error };
    this.item?.refused(error);
    this.item = undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        const { item } = this;
        if (item !== undefined) {
          this.item = undefined;
          yield item.value;
          item.taken();
        } else if (this.finish !== undefined) {
          if ("error" in this.finish) throw this.finish.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.wake = resolve;
          });
          this.wake = undefined;
        }
      }
    } finally {
      this.cancel(new Error("The reader has left"));
    }
  }
}
