import { FFIType } from "bun:ffi";
import { Errno, errno, SyscallError } from "./errno.ts";
import { bindLibc } from "./libc.ts";
import { type PathBytes, pathText, toPathBytes } from "./path-bytes.ts";

const { i32, ptr, i64_fast } = FFIType;
const libc = bindLibc({
  lgetxattr: { args: [ptr, ptr, ptr, i64_fast], returns: i64_fast },
  lsetxattr: { args: [ptr, ptr, ptr, i64_fast, i32], returns: i32 },
  llistxattr: { args: [ptr, ptr, i64_fast], returns: i64_fast },
  lremovexattr: { args: [ptr, ptr], returns: i32 },
});

// XATTR_SIZE_MAX and XATTR_LIST_MAX (linux/limits.h)
const scratch = new Uint8Array(new ArrayBuffer(65536));

/** Extended attributes of the path itself, a symlink too. `undefined` if it has none of that name. */
export function getXattr(path: PathBytes, name: string): Buffer | undefined {
  const size = Number(
    libc.lgetxattr(toPathBytes(path), toPathBytes(name), scratch, scratch.length),
  );
  if (size >= 0) return Buffer.from(scratch.slice(0, size));
  const number = errno();
  if (number === Errno.ENODATA || number === Errno.ENOTSUP) return undefined;
  throw new SyscallError("lgetxattr", number, pathText(path));
}

/** Names in the order that the file system gives; none where it has no xattrs. */
export function listXattrs(path: PathBytes): string[] {
  const size = Number(libc.llistxattr(toPathBytes(path), scratch, scratch.length));
  if (size === 0) return [];
  if (size < 0) {
    const number = errno();
    if (number === Errno.ENOTSUP) return [];
    throw new SyscallError("llistxattr", number, pathText(path));
  }
  return Buffer.from(scratch.slice(0, size - 1))
    .toString()
    .split("\0");
}

export function setXattr(path: PathBytes, name: string, value: Uint8Array): void {
  // A pointer is needed even where there is nothing behind it.
  const bytes = value.length === 0 ? scratch : value;
  const result = libc.lsetxattr(toPathBytes(path), toPathBytes(name), bytes, value.length, 0);
  if (result < 0) throw new SyscallError("lsetxattr", errno(), `${pathText(path)} ${name}`);
}

/** False when it was not there. */
export function removeXattr(path: PathBytes, name: string): boolean {
  if (libc.lremovexattr(toPathBytes(path), toPathBytes(name)) === 0) return true;
  const number = errno();
  if (number === Errno.ENODATA) return false;
  throw new SyscallError("lremovexattr", number, pathText(path));
}
