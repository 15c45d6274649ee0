import { WOULD_BLOCK, writeAvailable } from "../linux/descriptor.ts";
import { close } from "../linux/file.ts";
import { type Poller, Ready } from "../linux/poller.ts";

/** A process's stdin: the writing end of a FIFO, or a duplicate of a pty's master. */
export class ProcessInput {
  readonly fd: number;
  readonly #poller: Poller;
  readonly #onDrain: () => void;
  #pending: Uint8Array;
  #closing = false;
  #closed = false;

  /** Owns the descriptor. `onDrain`: all has been taken, more may come. */
  constructor(
    poller: Poller,
    fd: number,
    onDrain: () => void,
    pending: Uint8Array = new Uint8Array(),
  ) {
    this.#poller = poller;
    this.fd = fd;
    this.#onDrain = onDrain;
    this.#pending = pending;
    poller.add(fd, pending.length > 0 ? Ready.writable : 0, (ready) => this.#onReady(ready));
  }

  get pending(): Uint8Array {
    return this.#pending;
  }

  get isClosed(): boolean {
    return this.#closed || this.#closing;
  }

  /** Takes all; false when it had to keep some, and wants no more before `onDrain`. */
  write(bytes: Uint8Array): boolean {
    if (this.isClosed) return true;
    if (this.#pending.length > 0) {
      this.#pending = Buffer.concat([this.#pending, bytes]);
      return false;
    }
    const written = this.#write(bytes);
    if (written === bytes.length || this.#closed) return true;
    this.#pending = bytes.slice(written);
    this.#poller.modify(this.fd, Ready.writable);
    return false;
  }

  /** The end of the process's input, after all that was written. Idempotent. */
  end(): void {
    this.#closing = true;
    if (this.#pending.length === 0) this.destroy();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pending = new Uint8Array();
    this.#poller.remove(this.fd);
    close(this.fd);
  }

  #onReady(ready: number): void {
    if ((ready & Ready.writable) !== 0 && this.#pending.length > 0) {
      this.#pending = this.#pending.slice(this.#write(this.#pending));
      if (this.#closed || this.#pending.length > 0) return;
      if (this.#closing) this.destroy();
      else this.#poller.modify(this.fd, 0);
      this.#onDrain();
    } else if ((ready & (Ready.error | Ready.hangUp)) !== 0) {
      this.#lose();
    }
  }

  /** Nobody reads any more: what was to be written is of no use. */
  #lose(): void {
    this.destroy();
    this.#onDrain();
  }

  #write(bytes: Uint8Array): number {
    try {
      const count = writeAvailable(this.fd, bytes);
      return count === WOULD_BLOCK ? 0 : count;
    } catch {
      this.destroy();
      return bytes.length;
    }
  }
}
