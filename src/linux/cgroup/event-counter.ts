import { FFIType } from "bun:ffi";
import { closeSync } from "node:fs";
import { check } from "../errno.ts";
import { bindLibc } from "../libc.ts";

const libc = bindLibc({
  eventfd: { args: [FFIType.u32, FFIType.i32], returns: FFIType.i32 },
});
const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;

/** An eventfd(2) that calls back after the kernel has added to it. */
export class EventCounter {
  readonly fd: number;
  #closed = false;

  constructor(listener: () => void) {
    this.fd = check(libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
    void this.#read(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.fd);
  }

  async #read(listener: () => void): Promise<void> {
    try {
      for await (const _ of Bun.file(this.fd).stream()) {
        if (this.#closed) return;
        listener();
      }
    } catch {
      // Closed while waiting: nothing is left to tell.
    }
  }
}
