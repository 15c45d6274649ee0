import { FFIType } from "bun:ffi";
import { check, Errno, errno, SyscallError } from "../errno.ts";
import { bindLibc, struct } from "../libc.ts";
import {
  ControlType,
  decodeMessages,
  encodeMessages,
  type Message,
  MessageFlag,
  type ReceivedMessage,
  readError,
} from "./message.ts";

const libc = bindLibc({
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  send: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i64_fast },
  recv: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i64_fast },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
  setsockopt: {
    args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i32,
  },
});

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0x80000;
/** Kernel subsystems that are spoken to (netlink(7)). */
const FAMILIES = { route: 0, netfilter: 12 } as const;
const DUMP_ATTEMPTS = 8;
const SOL_SOCKET = 1;
const SOL_NETLINK = 270;
const SO_SNDBUFFORCE = 32;
/** Errors come without the message that they are about (netlink(7)). */
const NETLINK_CAP_ACK = 10;
const SEND_BUFFER = 4 << 20;

/**
 * A blocking netlink socket. It belongs to the network namespace in which the thread was when the
 * socket was made, wherever the thread goes afterwards.
 */
export class NetlinkSocket {
  readonly #fd: number;
  // The kernel never builds a dump datagram above 32 KiB.
  readonly #buffer = struct(32768).bytes;
  #sequence = 1;

  constructor(family: keyof typeof FAMILIES = "route") {
    this.#fd = check(libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, FAMILIES[family]), "socket");
  }

  /**
   * Sends all messages at once and waits for each acknowledgement; what they answered besides that comes
   * back. The kernel works through all of them even when one fails: the first error is thrown, with the
   * index of its message in `path`, unless `tolerate` holds its number.
   */
  request(messages: readonly Message[], tolerate: readonly number[] = []): ReceivedMessage[] {
    // The kernel refuses an empty datagram.
    if (messages.length === 0) return [];
    const first = this.#send(messages);
    const waiting = new Set(messages.map((_, index) => first + index));
    const answers: ReceivedMessage[] = [];
    let failure: SyscallError | undefined;
    while (waiting.size > 0) {
      for (const message of this.#receive()) {
        if (!waiting.has(message.sequence)) continue;
        const number = message.type === ControlType.ERROR ? readError(message) : 0;
        if (number !== 0 && !tolerate.includes(number)) {
          failure ??= new SyscallError("rtnetlink", number, `message ${message.sequence - first}`);
        }
        if (message.type !== ControlType.ERROR) answers.push(message);
        const acknowledged =
          ((messages[message.sequence - first]?.flags ?? 0) & MessageFlag.ACK) !== 0;
        if (message.type === ControlType.ERROR || !acknowledged) waiting.delete(message.sequence);
      }
    }
    if (failure !== undefined) throw failure;
    return answers;
  }

  /**
   * Sends messages of which only the last one asks for an acknowledgement, as the batches of nfnetlink are
   * made, up to 4 MiB of them.
   * @returns the errors of those that failed, by index
   */
  batch(messages: readonly Message[]): Map<number, number> {
    this.#widen();
    const first = this.#send(messages);
    const acknowledged = messages.findLastIndex(({ flags }) => (flags & MessageFlag.ACK) !== 0);
    const errors = new Map<number, number>();
    for (;;) {
      for (const message of this.#receive()) {
        const index = message.sequence - first;
        if (message.type !== ControlType.ERROR || index < 0 || index >= messages.length) continue;
        const number = readError(message);
        if (number !== 0) errors.set(index, number);
        // The first message opens the batch: where that is refused, nothing else is answered.
        if (index === acknowledged || (index === 0 && number !== 0)) return errors;
      }
    }
  }

  #widen(): void {
    const set = (level: number, name: number, value: number): void => {
      const option = struct(4);
      option.view.setInt32(0, value, true);
      check(libc.setsockopt(this.#fd, level, name, option.bytes, 4), "setsockopt");
    };
    set(SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER);
    set(SOL_NETLINK, NETLINK_CAP_ACK, 1);
  }

  /** Everything of one kind; taken again when it changed meanwhile. */
  dump(message: Message): ReceivedMessage[] {
    for (let attempt = 1; ; attempt++) {
      const parts = this.#dumpOnce(message);
      if (!parts.some((part) => part.interrupted) || attempt === DUMP_ATTEMPTS) return parts;
    }
  }

  close(): void {
    libc.close(this.#fd);
  }

  #dumpOnce(message: Message): ReceivedMessage[] {
    const sequence = this.#send([message]);
    const parts: ReceivedMessage[] = [];
    for (;;) {
      for (const part of this.#receive()) {
        if (part.sequence !== sequence) continue;
        if (part.type === ControlType.DONE) return parts;
        if (part.type === ControlType.ERROR) throw new SyscallError("rtnetlink", readError(part));
        parts.push(part);
      }
    }
  }

  #send(messages: readonly Message[]): number {
    const first = this.#sequence;
    this.#sequence = (this.#sequence + messages.length) % 0x7fff_0000;
    const bytes = encodeMessages(messages, first);
    check(Number(libc.send(this.#fd, bytes, bytes.length, 0)), "send");
    return first;
  }

  #receive(): ReceivedMessage[] {
    for (;;) {
      const length = Number(libc.recv(this.#fd, this.#buffer, this.#buffer.length, 0));
      if (length >= 0) return decodeMessages(this.#buffer.subarray(0, length));
      if (errno() !== Errno.EINTR) throw new SyscallError("recv", errno());
    }
  }
}
