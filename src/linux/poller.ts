import { FFIType } from "bun:ffi";
import { WOULD_BLOCK } from "./descriptor.ts";
import { check, Errno, errno, SyscallError } from "./errno.ts";
import { close } from "./file.ts";
import { addressOf, bindLibc, struct } from "./libc.ts";

const { i32, u32, u64, i64, ptr, i64_fast } = FFIType;
const libc = bindLibc({
  epoll_create1: { args: [i32], returns: i32 },
  epoll_ctl: { args: [i32, i32, i32, ptr], returns: i32 },
  epoll_wait: { args: [i32, ptr, i32, i32], returns: i32 },
  eventfd: { args: [u32, i32], returns: i32 },
});
const aio = bindLibc({ syscall: { args: [i64, u64, u64, u64, u64, u64], returns: i64_fast } });

/** Bits of epoll_ctl(2). Error and hang-up are always told. */
export const Ready = {
  readable: 0x001,
  writable: 0x004,
  error: 0x008,
  hangUp: 0x010,
  peerClosed: 0x2000,
} as const;

export type ReadyHandler = (ready: number) => void;

interface Watch {
  handler: ReadyHandler;
  generation: number;
}

const CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const BATCH = 64;
// struct epoll_event is packed on x86-64 alone.
const EVENT_SIZE = process.arch === "x64" ? 12 : 16;
const DATA_OFFSET = process.arch === "x64" ? 4 : 8;

/**
 * Readiness of any descriptor (FIFO, pty master, socket, pidfd) on Bun's event loop, which by itself polls
 * only what it reads. An epoll set of our own holds the descriptors; a one-shot kernel AIO poll of that
 * set signals an eventfd (io_submit(2), IOCB_CMD_POLL, IOCB_FLAG_RESFD), and Bun can read an eventfd.
 * Level-triggered; handlers run on the main thread and may add and remove at will.
 */
export class Poller {
  readonly #epoll: number;
  readonly #wake: WakeUp;
  readonly #watches = new Map<number, Watch>();
  readonly #event = struct(EVENT_SIZE);
  readonly #events = struct(EVENT_SIZE * BATCH);
  readonly #onError: (error: unknown) => void;
  #generation = 0;

  /** `onError` gets what a handler throws. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
    this.#epoll = check(libc.epoll_create1(CLOEXEC), "epoll_create1");
    this.#wake = new WakeUp(this.#epoll, () => this.#dispatch());
  }

  add(fd: number, events: number, handler: ReadyHandler): void {
    const EPOLL_CTL_ADD = 1;
    this.#generation = (this.#generation + 1) >>> 0;
    this.#control(EPOLL_CTL_ADD, fd, events, this.#generation);
    this.#watches.set(fd, { handler, generation: this.#generation });
  }

  /** Changes which events are told; 0 for errors and hang-up alone. */
  modify(fd: number, events: number): void {
    const EPOLL_CTL_MOD = 3;
    this.#control(EPOLL_CTL_MOD, fd, events, this.#watches.get(fd)?.generation ?? 0);
  }

  /** Before the descriptor is closed. Idempotent. */
  remove(fd: number): void {
    const EPOLL_CTL_DEL = 2;
    if (this.#watches.delete(fd)) this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  close(): void {
    this.#wake.close();
    close(this.#epoll);
  }

  #control(operation: number, fd: number, events: number, generation: number): void {
    this.#event.view.setUint32(0, events, true);
    this.#event.view.setUint32(DATA_OFFSET, fd, true);
    this.#event.view.setUint32(DATA_OFFSET + 4, generation, true);
    check(libc.epoll_ctl(this.#epoll, operation, fd, this.#event.bytes), "epoll_ctl");
  }

  #dispatch(): void {
    const count = libc.epoll_wait(this.#epoll, this.#events.bytes, BATCH, 0);
    const { view } = this.#events;
    for (let index = 0; index < count; index++) {
      const offset = index * EVENT_SIZE;
      const watch = this.#watches.get(view.getUint32(offset + DATA_OFFSET, true));
      // A descriptor number may have been closed and given anew by a handler of this very batch.
      if (watch?.generation !== view.getUint32(offset + DATA_OFFSET + 4, true)) continue;
      try {
        watch.handler(view.getUint32(offset, true));
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}

const IO_SETUP = process.arch === "x64" ? 206n : 0n;
const IO_DESTROY = process.arch === "x64" ? 207n : 1n;
const IO_GETEVENTS = process.arch === "x64" ? 208n : 4n;
const IO_SUBMIT = process.arch === "x64" ? 209n : 2n;

/** Calls back on the event loop whenever the descriptor is readable. */
class WakeUp {
  readonly #signal: number;
  readonly #context: bigint;
  readonly #request = struct(64); // struct iocb of linux/aio_abi.h
  readonly #requests = struct(8);
  readonly #completions = struct(32 * 2);
  readonly #reader: { cancel(): Promise<unknown> };
  #closed = false;

  constructor(fd: number, wake: () => void) {
    this.#signal = check(libc.eventfd(0, EFD_NONBLOCK | CLOEXEC), "eventfd");
    const context = struct(8);
    this.#call(IO_SETUP, "io_setup", 2n, addressOf(context.bytes), 0n);
    this.#context = context.view.getBigUint64(0, true);
    this.#describe(fd);
    this.#submit();
    const reader = Bun.file(this.#signal).stream().getReader();
    this.#reader = reader;
    void this.#run(reader, wake);
  }

  async #run(reader: { read(): Promise<{ done: boolean }> }, wake: () => void): Promise<void> {
    for (;;) {
      const { done } = await reader.read();
      if (done || this.#closed) return;
      // The request is complete; its event must be taken, or the context fills.
      this.#call(
        IO_GETEVENTS,
        "io_getevents",
        this.#context,
        0n,
        2n,
        addressOf(this.#completions.bytes),
      );
      wake();
      if (!this.#closed) this.#submit();
    }
  }

  close(): void {
    this.#closed = true;
    this.#call(IO_DESTROY, "io_destroy", this.#context);
    void this.#reader.cancel().then(() => close(this.#signal));
  }

  #describe(fd: number): void {
    const IOCB_CMD_POLL = 5;
    const IOCB_FLAG_RESFD = 1;
    const { view } = this.#request;
    view.setUint16(16, IOCB_CMD_POLL, true);
    view.setUint32(20, fd, true);
    view.setBigUint64(24, BigInt(Ready.readable), true);
    view.setUint32(56, IOCB_FLAG_RESFD, true);
    view.setUint32(60, this.#signal, true);
    this.#requests.view.setBigUint64(0, addressOf(this.#request.bytes), true);
  }

  #submit(): void {
    this.#call(IO_SUBMIT, "io_submit", this.#context, 1n, addressOf(this.#requests.bytes));
  }

  #call(number: bigint, name: string, ...args: bigint[]): void {
    const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n] = args;
    if (Number(aio.syscall(number, a, b, c, d, e)) !== WOULD_BLOCK) return;
    if (errno() !== Errno.EINTR) throw new SyscallError(name, errno());
  }
}
