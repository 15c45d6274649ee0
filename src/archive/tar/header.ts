import type { ByteString } from "../byte-string.ts";
import { archiveError, BLOCK, type TarType } from "./entry.ts";

/** Offsets and lengths of the fields of a header block (POSIX.1-1988 ustar; tar(5)). */
export const Field = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  userName: [265, 32],
  groupName: [297, 32],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const;

export type Dialect = "v7" | "ustar" | "gnu";

export interface RawHeader {
  dialect: Dialect;
  /** The type's byte as a character. */
  flag: string;
  path: ByteString;
  linkTarget: ByteString;
  mode: number;
  uid: number;
  gid: number;
  userName: ByteString;
  groupName: ByteString;
  size: number;
  mtime: number;
  major: number;
  minor: number;
}

const TYPES: Record<string, TarType> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  S: "file",
  "1": "link",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  D: "directory",
  "6": "fifo",
};

export function typeOf(header: RawHeader): TarType {
  // Before POSIX a directory was a file whose name ends in a slash.
  if (header.flag === "\0" && header.path.endsWith("/")) return "directory";
  return TYPES[header.flag] ?? "other";
}

export function isZeroBlock(block: Buffer): boolean {
  for (let index = 0; index < BLOCK; index += 8) {
    if (block.readUInt32LE(index) !== 0 || block.readUInt32LE(index + 4) !== 0) return false;
  }
  return true;
}

export function decodeHeader(block: Buffer): RawHeader {
  verifyChecksum(block);
  const magic = block.toString("latin1", 257, 265);
  const dialect = magic === "ustar  \0" ? "gnu" : magic.startsWith("ustar\0") ? "ustar" : "v7";
  const modern = dialect !== "v7";
  const name = text(block, Field.name);
  // GNU's dialect keeps other things where ustar has the prefix.
  const prefix = dialect === "ustar" ? text(block, Field.prefix) : "";
  return {
    dialect,
    flag: String.fromCharCode(block[156] ?? 0),
    path: prefix === "" ? name : `${prefix}/${name}`,
    linkTarget: text(block, Field.linkName),
    mode: number(block, Field.mode) & 0o7777,
    uid: number(block, Field.uid),
    gid: number(block, Field.gid),
    userName: modern ? text(block, Field.userName) : "",
    groupName: modern ? text(block, Field.groupName) : "",
    size: number(block, Field.size),
    mtime: number(block, Field.mtime),
    major: modern ? number(block, Field.major) : 0,
    minor: modern ? number(block, Field.minor) : 0,
  };
}

function text(block: Buffer, [offset, length]: readonly [number, number]): ByteString {
  let end = offset;
  while (end < offset + length && block[end] !== 0) end++;
  return block.toString("latin1", offset, end);
}

/** Octal digits, or GNU's base-256 where the first bit is set. Up to 2^53, negative too. */
export function number(block: Uint8Array, [offset, length]: readonly [number, number]): number {
  const first = block[offset] ?? 0;
  if ((first & 0x80) !== 0) return base256(block, offset, length);
  let at = offset;
  let end = offset + length;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at++;
  while (end > at && (block[end - 1] === 0x20 || block[end - 1] === 0)) end--;
  let value = 0;
  for (; at < end; at++) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) {
      // Some writers leave bytes after the terminator.
      if (block[at] === 0 || block[at] === 0x20) break;
      throw archiveError("a number in a header is malformed");
    }
    value = value * 8 + digit;
  }
  return value;
}

function base256(block: Uint8Array, offset: number, length: number): number {
  const first = block[offset] ?? 0;
  const negative = (first & 0x40) !== 0;
  // Two's complement: a negative number is -(inverted + 1).
  let value = negative ? ~first & 0x3f : first & 0x3f;
  for (let index = offset + 1; index < offset + length; index++) {
    const byte = block[index] ?? 0;
    value = value * 256 + (negative ? ~byte & 0xff : byte);
  }
  if (!Number.isSafeInteger(value)) throw archiveError("a number in a header is too large");
  return negative ? -value - 1 : value;
}

function verifyChecksum(block: Buffer): void {
  let unsigned = 8 * 0x20;
  let high = 0;
  for (let index = 0; index < BLOCK; index++) {
    if (index === 148) index = 156;
    const byte = block[index] ?? 0;
    unsigned += byte;
    if (byte > 0x7f) high++;
  }
  const stored = number(block, Field.checksum);
  // Some old writers summed signed characters.
  if (stored !== unsigned && stored !== unsigned - high * 256) {
    throw archiveError("a header's checksum does not match");
  }
}
