import { FFIType } from "bun:ffi";
import { bindLibc, struct } from "./libc.ts";

const libc = bindLibc({
  clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
});
const CLOCK_REALTIME = 0;
const time = struct(16);

/** Nanoseconds since the epoch, as exact as the kernel has them. */
export function realtime(): bigint {
  libc.clock_gettime(CLOCK_REALTIME, time.bytes);
  return time.view.getBigInt64(0, true) * 1_000_000_000n + time.view.getBigInt64(8, true);
}
