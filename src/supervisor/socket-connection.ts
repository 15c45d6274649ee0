import { readAvailable, WOULD_BLOCK } from "../linux/descriptor.ts";
import { close } from "../linux/file.ts";
import { type Poller, Ready } from "../linux/poller.ts";
import { endSending, sendAvailable } from "../linux/unix-socket.ts";

export interface ConnectionHandlers {
  /** The bytes are valid during the call only. */
  onData(bytes: Uint8Array): void;
  /** The peer sends no more, but may still read. */
  onEnd(): void;
  /** The connection is gone; told once, and not for our own `destroy`. */
  onClose(): void;
  /** What was queued has become less than half of what counts as too much, or nothing. */
  onDrain?(): void;
}

/** More than this in a queue is too much: whoever fills it should stop. */
export const QUEUE_LIMIT = 1024 * 1024;

const scratch = new Uint8Array(new ArrayBuffer(64 * 1024));

/** A non-blocking stream socket with a queue for what the peer does not take yet. */
export class SocketConnection {
  readonly fd: number;
  readonly #poller: Poller;
  #handlers: ConnectionHandlers;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #reading = false;
  #peerEnded = false;
  #ending = false;
  #closed = false;

  /** Owns the descriptor. Reads nothing until `read`. */
  constructor(poller: Poller, fd: number, handlers: ConnectionHandlers) {
    this.#poller = poller;
    this.fd = fd;
    this.#handlers = handlers;
    poller.add(fd, 0, (ready) => this.#onReady(ready));
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Bytes that wait for the peer. */
  get queued(): number {
    return this.#queued;
  }

  /** Starts or stops reading. */
  read(wanted: boolean): void {
    if (this.#reading === wanted) return;
    this.#reading = wanted;
    this.#update();
  }

  /** Sends, or queues what the peer does not take; `bytes` must not change any more. */
  write(bytes: Uint8Array): void {
    if (this.#closed || this.#ending) return;
    let rest = bytes;
    if (this.#queue.length === 0) rest = bytes.subarray(this.#send(bytes));
    if (this.#closed || rest.length === 0) return;
    this.#queue.push(rest);
    this.#queued += rest.length;
    if (this.#queue.length === 1) this.#update();
  }

  /** Sends what is queued, then ends our half; closed when the peer has ended its own. */
  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    if (this.#queue.length === 0) this.#endSending();
    else this.#update();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.#queued = 0;
    this.#poller.remove(this.fd);
    close(this.fd);
  }

  /** Gives the descriptor away; the connection is over for us. */
  release(): number {
    this.#closed = true;
    this.#poller.remove(this.fd);
    return this.fd;
  }

  /** What has not been sent yet. */
  get pending(): Uint8Array {
    return Buffer.concat(this.#queue);
  }

  #onReady(ready: number): void {
    if ((ready & Ready.writable) !== 0 && this.#queue.length > 0) this.#flush();
    if (this.#closed) return;
    if (this.#reading && (ready & (Ready.readable | Ready.peerClosed | Ready.hangUp)) !== 0) {
      this.#receive((ready & Ready.hangUp) !== 0);
    }
    if (this.#closed) return;
    if ((ready & Ready.error) !== 0) this.#lose();
    else if ((ready & Ready.hangUp) !== 0 && (!this.#reading || this.#peerEnded)) this.#lose();
  }

  #receive(isHungUp: boolean): void {
    let count: number;
    try {
      count = readAvailable(this.fd, scratch);
    } catch {
      this.#lose();
      return;
    }
    if (count === WOULD_BLOCK) return;
    if (count > 0) {
      this.#handlers.onData(scratch.subarray(0, count));
      return;
    }
    if (isHungUp) {
      this.#lose();
      return;
    }
    this.#peerEnded = true;
    this.#reading = false;
    this.#update();
    this.#handlers.onEnd();
    if (this.#ending && this.#queue.length === 0) this.destroy();
  }

  #flush(): void {
    while (this.#queue.length > 0 && !this.#closed) {
      const [first] = this.#queue;
      if (first === undefined) break;
      const sent = this.#send(first);
      this.#queued -= sent;
      if (sent < first.length) {
        this.#queue[0] = first.subarray(sent);
        break;
      }
      this.#queue.shift();
    }
    if (this.#closed) return;
    if (this.#queue.length === 0) {
      if (this.#ending) this.#endSending();
      else this.#update();
    }
    if (this.#queued < QUEUE_LIMIT / 2) this.#handlers.onDrain?.();
  }

  #send(bytes: Uint8Array): number {
    try {
      return Math.max(sendAvailable(this.fd, bytes), 0);
    } catch {
      this.#lose();
      return 0;
    }
  }

  #endSending(): void {
    endSending(this.fd);
    if (this.#peerEnded) this.destroy();
    else this.read(true);
  }

  #lose(): void {
    if (this.#closed) return;
    this.destroy();
    this.#handlers.onClose();
  }

  #update(): void {
    if (this.#closed) return;
    // After the peer's end, its half-close would be told again and again.
    const read = this.#reading ? Ready.readable | Ready.peerClosed : 0;
    const write = this.#queue.length > 0 ? Ready.writable : 0;
    this.#poller.modify(this.fd, read | write);
  }
}
