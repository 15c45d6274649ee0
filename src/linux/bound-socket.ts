import { FFIType } from "bun:ffi";
import { check } from "./errno.ts";
import { bindLibc, struct } from "./libc.ts";
import { parseAddress } from "./netlink/index.ts";

const { i32, ptr, u32 } = FFIType;
const libc = bindLibc({
  socket: { args: [i32, i32, i32], returns: i32 },
  bind: { args: [i32, ptr, u32], returns: i32 },
  getsockname: { args: [i32, ptr, ptr], returns: i32 },
  setsockopt: { args: [i32, i32, i32, ptr, u32], returns: i32 },
  close: { args: [i32], returns: i32 },
});

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_CLOEXEC = 1 | 0x80000;
const IPPROTO = { tcp: 6, sctp: 132 } as const;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
/** struct sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)). */
const SIZES = { [AF_INET]: 16, [AF_INET6]: 28 } as const;

/** A port that is taken: nobody else can bind it, and nobody is answered there. */
export interface BoundSocket {
  readonly port: number;
  close(): void;
}

/**
 * Binds a socket and does not listen.
 *
 * @param port 0 is any free one
 * @throws SyscallError: EADDRINUSE, EADDRNOTAVAIL, EACCES, EPROTONOSUPPORT where the kernel does not have
 *   the protocol
 */
export function bindSocket(
  protocol: keyof typeof IPPROTO,
  address: string,
  port: number,
): BoundSocket {
  const bytes = parseAddress(address);
  if (bytes === undefined) throw new Error(`Cannot bind "${address}": not an IP address`);
  const family = bytes.length === 4 ? AF_INET : AF_INET6;
  const size = SIZES[family];
  const fd = check(libc.socket(family, SOCK_STREAM_CLOEXEC, IPPROTO[protocol]), "socket");
  try {
    if (family === AF_INET6) {
      const on = struct(4);
      on.view.setInt32(0, 1, true);
      check(libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, on.bytes, 4), "setsockopt");
    }
    const name = struct(size);
    name.view.setUint16(0, family, true);
    name.view.setUint16(2, port);
    name.bytes.set(bytes, family === AF_INET ? 4 : 8);
    check(libc.bind(fd, name.bytes, size), "bind", `${address}:${port}`);
    const length = struct(4);
    length.view.setUint32(0, size, true);
    check(libc.getsockname(fd, name.bytes, length.bytes), "getsockname");
    return { port: name.view.getUint16(2), close: () => libc.close(fd) };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}
