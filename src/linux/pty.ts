import { FFIType } from "bun:ffi";
import { check } from "./errno.ts";
import { bindLibc, struct } from "./libc.ts";

const libc = bindLibc({
  ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
});
const TIOCSWINSZ = 0x5414;

/** Sets a terminal's size by its master; the foreground process group gets SIGWINCH (ioctl_tty(2)). */
export function setWindowSize(master: number, rows: number, columns: number): void {
  const { bytes, view } = struct(8); // struct winsize
  view.setUint16(0, rows, true);
  view.setUint16(2, columns, true);
  check(libc.ioctl(master, TIOCSWINSZ, bytes), "ioctl(TIOCSWINSZ)");
}
