import { dlopen, type FFIFunction, ptr } from "bun:ffi";

/**
 * Binds functions of the C library. Each file under `linux/` binds what it calls; the names stand
 * beside their use.
 */
export function bindLibc<Functions extends Record<string, FFIFunction>>(functions: Functions) {
  return dlopen("libc.so.6", functions).symbols;
}

/** NUL-terminated bytes for a `const char *`; pass the result itself so that it stays referenced. */
export function cString(text: string): Uint8Array {
  return Buffer.from(`${text}\0`);
}

/**
 * Zeroed memory for a C structure. Its own ArrayBuffer keeps it where it is: typed arrays of 1000 bytes
 * or less move when `.buffer` is touched, and an earlier pointer is then stale.
 */
export function struct(size: number): { bytes: Uint8Array<ArrayBuffer>; view: DataView } {
  const buffer = new ArrayBuffer(size);
  return { bytes: new Uint8Array(buffer), view: new DataView(buffer) };
}

/** The address of memory, for a pointer inside of another structure; keep `bytes` referenced meanwhile. */
export function addressOf(bytes: Uint8Array): bigint {
  return BigInt(ptr(bytes));
}
