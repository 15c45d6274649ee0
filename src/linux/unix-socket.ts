import { FFIType } from "bun:ffi";
import { check, Errno, errno, SyscallError } from "./errno.ts";
import { close } from "./file.ts";
import { addressOf, bindLibc, struct } from "./libc.ts";

const { i32, u32, ptr, i64_fast } = FFIType;
const libc = bindLibc({
  socket: { args: [i32, i32, i32], returns: i32 },
  bind: { args: [i32, ptr, u32], returns: i32 },
  connect: { args: [i32, ptr, u32], returns: i32 },
  listen: { args: [i32, i32], returns: i32 },
  accept4: { args: [i32, ptr, ptr, i32], returns: i32 },
  shutdown: { args: [i32, i32], returns: i32 },
  recvmsg: { args: [i32, ptr, i32], returns: i64_fast },
  sendmsg: { args: [i32, ptr, i32], returns: i64_fast },
  send: { args: [i32, ptr, i64_fast, i32], returns: i64_fast },
});

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const MSG_NOSIGNAL = 0x4000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

/** struct sockaddr_un; throws ENAMETOOLONG where the path does not fit (unix(7)). */
function socketAddress(path: string): Uint8Array {
  const encoded = new TextEncoder().encode(path);
  if (encoded.length > 107) throw new SyscallError("bind", Errno.ENAMETOOLONG, path);
  const { bytes, view } = struct(2 + encoded.length + 1);
  view.setUint16(0, AF_UNIX, true);
  bytes.set(encoded, 2);
  return bytes;
}

/** A path of any length, named through its directory's descriptor, which must stay open meanwhile. */
export function pathInDirectory(directory: number, name: string): string {
  return `/proc/self/fd/${directory}/${name}`;
}

/** A listening stream socket, non-blocking. The path must be free. */
export function listenUnix(path: string): number {
  const fd = check(libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK_CLOEXEC, 0), "socket");
  const address = socketAddress(path);
  const failed =
    libc.bind(fd, address, address.length) < 0
      ? "bind"
      : libc.listen(fd, 512) < 0
        ? "listen"
        : undefined;
  if (failed === undefined) return fd;
  const number = errno();
  close(fd);
  throw new SyscallError(failed, number, path);
}

/** A datagram socket that receives at a path, non-blocking. The path must be free. */
export function bindDatagram(path: string): number {
  const fd = check(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK_CLOEXEC, 0), "socket");
  const address = socketAddress(path);
  if (libc.bind(fd, address, address.length) === 0) return fd;
  const number = errno();
  close(fd);
  throw new SyscallError("bind", number, path);
}

/** The next connection, non-blocking; undefined when none waits. */
export function acceptUnix(listener: number): number | undefined {
  for (;;) {
    const fd = libc.accept4(listener, null, null, SOCK_NONBLOCK_CLOEXEC);
    if (fd >= 0) return fd;
    const number = errno();
    if (number === Errno.EAGAIN) return undefined;
    if (number !== Errno.EINTR && number !== 103 /* ECONNABORTED */) {
      throw new SyscallError("accept", number);
    }
  }
}

/** Ends our sending; the peer reads the end and may go on sending. */
export function endSending(fd: number): void {
  const SHUT_WR = 1;
  libc.shutdown(fd, SHUT_WR);
}

/** A connected datagram socket, non-blocking. */
export function connectDatagram(path: string): number {
  return connectSocket(path, SOCK_DGRAM);
}

/** A connected stream socket, non-blocking. */
export function connectStream(path: string): number {
  return connectSocket(path, SOCK_STREAM);
}

function connectSocket(path: string, type: number): number {
  const fd = check(libc.socket(AF_UNIX, type | SOCK_NONBLOCK_CLOEXEC, 0), "socket");
  const address = socketAddress(path);
  if (libc.connect(fd, address, address.length) === 0) return fd;
  const number = errno();
  close(fd);
  throw new SyscallError("connect", number, path);
}

/** Sends without waiting and without SIGPIPE: the number of bytes, or -1 when the receiver is full. */
export function sendAvailable(fd: number, bytes: Uint8Array): number {
  for (;;) {
    const count = Number(libc.send(fd, bytes, bytes.length, MSG_NOSIGNAL));
    if (count >= 0) return count;
    const number = errno();
    if (number === Errno.EAGAIN) return -1;
    if (number !== Errno.EINTR) throw new SyscallError("send", number);
  }
}

/**
 * The descriptor that the peer passes in its next message (SCM_RIGHTS, cmsg(3)), close-on-exec; undefined
 * when no message has come yet. Throws EINVAL when the message brings none.
 */
export function receiveDescriptor(socket: number): number | undefined {
  const control = struct(64);
  const { message, keep } = describeMessage(new Uint8Array(new ArrayBuffer(256)), control.bytes);
  for (;;) {
    const count = Number(libc.recvmsg(socket, message.bytes, MSG_CMSG_CLOEXEC));
    if (count >= 0) break;
    const number = errno();
    if (number === Errno.EAGAIN) return undefined;
    if (number !== Errno.EINTR) throw new SyscallError("recvmsg", number);
  }
  keep();
  const length = message.view.getBigUint64(40, true);
  const isRights =
    length >= 20n &&
    control.view.getInt32(8, true) === SOL_SOCKET &&
    control.view.getInt32(12, true) === SCM_RIGHTS;
  if (!isRights) throw new SyscallError("recvmsg", Errno.EINVAL);
  return control.view.getInt32(16, true);
}

/**
 * Sends bytes together with a descriptor, of which the peer gets a duplicate. False when the peer takes
 * nothing now.
 */
export function sendDescriptor(socket: number, bytes: Uint8Array, fd: number): boolean {
  const control = struct(24); // struct cmsghdr and one int, padded
  control.view.setBigUint64(0, 20n, true);
  control.view.setInt32(8, SOL_SOCKET, true);
  control.view.setInt32(12, SCM_RIGHTS, true);
  control.view.setInt32(16, fd, true);
  const { message, keep } = describeMessage(bytes, control.bytes);
  const count = Number(libc.sendmsg(socket, message.bytes, MSG_NOSIGNAL));
  const number = errno();
  keep();
  if (count >= 0) return true;
  if (number === Errno.EAGAIN) return false;
  throw new SyscallError("sendmsg", number);
}

/** struct msghdr with one buffer. `keep` after the call keeps alive what the structure points to. */
function describeMessage(data: Uint8Array, control: Uint8Array) {
  const vector = struct(16); // struct iovec
  vector.view.setBigUint64(0, addressOf(data), true);
  vector.view.setBigUint64(8, BigInt(data.length), true);
  const message = struct(56);
  message.view.setBigUint64(16, addressOf(vector.bytes), true);
  message.view.setBigUint64(24, 1n, true);
  message.view.setBigUint64(32, addressOf(control), true);
  message.view.setBigUint64(40, BigInt(control.length), true);
  return { message, keep: () => [data, control, vector] };
}
