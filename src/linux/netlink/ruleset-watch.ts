import { FFIType } from "bun:ffi";
import { setNonBlocking } from "../descriptor.ts";
import { check, Errno, errno, SyscallError } from "../errno.ts";
import { bindLibc, struct } from "../libc.ts";
import { Poller, Ready } from "../poller.ts";
import { readText } from "./attribute.ts";
import { decodeMessages, type ReceivedMessage } from "./message.ts";
import { nftDecode, readBigEndian, TABLE } from "./nftables-message.ts";

const { i32, u64, i64_fast, ptr } = FFIType;
const libc = bindLibc({
  socket: { args: [i32, i32, i32], returns: i32 },
  bind: { args: [i32, ptr, i32], returns: i32 },
  recv: { args: [i32, ptr, u64, i32], returns: i64_fast },
  close: { args: [i32], returns: i32 },
});

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0x80000;
const NETLINK_NETFILTER = 12;
/** Group 7, NFNLGRP_NFTABLES (linux/netfilter/nfnetlink.h), as a bit of sockaddr_nl. */
const NFTABLES_GROUP = 1 << 6;
const ENOBUFS = 105;
/** Subsystem 10 (linux/netfilter/nf_tables.h). */
const SUBSYSTEM = 0x0a00;
/** NFT_MSG_DELTABLE, DELCHAIN, DELRULE: what somebody takes away of ours. */
const LOSSES = new Set([2, 5, 8].map((type) => SUBSYSTEM | type));
/** These, and NEWCHAIN, NEWRULE, NEWSETELEM, DELSETELEM: how others' tables get to say something else. */
const CHANGES = new Set([2, 3, 5, 6, 8, 12, 14].map((type) => SUBSYSTEM | type));

/** NFT_MSG_NEWGEN ends what one transaction has changed, with who made it: NFTA_GEN_PROC_PID. */
const GENERATION = SUBSYSTEM | 15;
const GENERATION_PID = 2;

/** Whose a table is; what is `aside` is nobody's concern. */
export type TableOwner = "ours" | "others" | "aside";

/**
 * Hears of every change of chains, rules and elements of this network namespace that others make; of tables
 * that are `ours`, of what they take away. Who makes it is told by the kernel with a number that need not be the
 * one that this process knows of itself: it is learnt from what happens to tables that are `aside`, which nobody
 * else touches. `changed` is called on the event loop, once for what comes
 * together.
 */
export class RulesetWatch {
  readonly #fd: number;
  readonly #buffer = struct(65536).bytes;
  readonly #poller: Poller;
  readonly #changed: () => void;
  /** Of a transaction whose end has not been heard of yet. */
  #pending = false;
  /** Somebody has changed a table that is aside: that was this process. */
  #aside = false;
  #self: number | undefined;
  readonly #ownerOf: (table: string) => TableOwner;

  constructor(
    ownerOf: (table: string) => TableOwner,
    changed: () => void,
    onError: (error: unknown) => void,
  ) {
    this.#ownerOf = ownerOf;
    this.#changed = changed;
    this.#fd = check(libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_NETFILTER), "socket");
    const address = struct(12);
    address.view.setUint16(0, AF_NETLINK, true);
    address.view.setUint32(8, NFTABLES_GROUP, true);
    check(libc.bind(this.#fd, address.bytes, 12), "bind");
    setNonBlocking(this.#fd);
    this.#poller = new Poller(onError);
    this.#poller.add(this.#fd, Ready.readable, () => this.#read());
  }

  close(): void {
    this.#poller.remove(this.#fd);
    this.#poller.close();
    libc.close(this.#fd);
  }

  #read(): void {
    let changed = false;
    for (;;) {
      const length = Number(libc.recv(this.#fd, this.#buffer, this.#buffer.length, 0));
      if (length < 0) {
        const number = errno();
        if (number === Errno.EAGAIN) break;
        // More came than the socket holds: what was lost may have been a removal.
        if (number === ENOBUFS) {
          changed = true;
          this.#pending = false;
          this.#aside = false;
        } else if (number !== Errno.EINTR) throw new SyscallError("recv", number);
        continue;
      }
      for (const message of decodeMessages(this.#buffer.subarray(0, length))) {
        if (message.type !== GENERATION) this.#pending = this.#counts(message) || this.#pending;
        else {
          changed = this.#endTransaction(message) || changed;
        }
      }
    }
    if (changed) this.#changed();
  }

  #counts(message: ReceivedMessage): boolean {
    if (!CHANGES.has(message.type)) return false;
    const table = readText(nftDecode(message).attributes.get(TABLE)) ?? "";
    const owner = this.#ownerOf(table);
    this.#aside ||= owner === "aside";
    return owner === "others" || (owner === "ours" && LOSSES.has(message.type));
  }

  /** Has somebody else changed something? */
  #endTransaction(message: ReceivedMessage): boolean {
    const author = readBigEndian(nftDecode(message).attributes.get(GENERATION_PID));
    if (this.#aside) this.#self = author;
    const counts = this.#pending && author !== this.#self;
    this.#pending = false;
    this.#aside = false;
    return counts;
  }
}
