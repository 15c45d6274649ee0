import { type ByteString, fromByteString } from "../byte-string.ts";
import { BLOCK, type Segment, type TarEntry, type TarType } from "./entry.ts";
import { encodePax, formatPaxTime, type PaxRecord, XATTR_PREFIX } from "./pax.ts";

const FLAGS: Record<TarType, string> = {
  file: "0",
  link: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
  other: "0",
};

const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;

/** Two blocks of zeros end an archive. */
export const endOfArchive: Uint8Array = new Uint8Array(2 * BLOCK);

/** Zeros that follow a member's data. */
export function paddingFor(size: number): Uint8Array {
  return endOfArchive.subarray(0, (BLOCK - (size % BLOCK)) % BLOCK);
}

/** A plain file's entry with defaults for what is not given: root's, mode 0644, the epoch. */
export function tarEntry(entry: Partial<TarEntry> & { path: ByteString }): TarEntry {
  return {
    type: "file",
    linkTarget: "",
    mode: entry.type === "directory" ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    userName: "",
    groupName: "",
    size: 0,
    modified: { seconds: 0, nanoseconds: 0 },
    major: 0,
    minor: 0,
    xattrs: new Map(),
    ...entry,
  };
}

/**
 * The member's header blocks: ustar, with a PAX header before it where ustar cannot hold a value. The same
 * entry always gives the same bytes. The data (`size` bytes and `paddingFor(size)`) follows.
 */
export function encodeEntry(entry: TarEntry): Uint8Array {
  if (entry.sparse !== undefined) return encodeSparse(entry, entry.sparse);
  return encodeHeaders(entry, []);
}

/**
 * GNU tar's PAX format 1.0: the member has a name of its own, its data begins with the map (decimal lines,
 * padded to whole blocks), and only the pieces with data follow.
 */
function encodeSparse(entry: TarEntry, segments: readonly Segment[]): Uint8Array {
  const numbers = [segments.length, ...segments.flatMap(({ offset, length }) => [offset, length])];
  const map = Buffer.from(numbers.map((number) => `${number}\n`).join(""));
  const stored = segments.reduce((sum, { length }) => sum + length, 0);
  const padding = paddingFor(map.length);
  const { sparse: _, ...plain } = entry;
  const slash = entry.path.lastIndexOf("/") + 1;
  const path = `${entry.path.slice(0, slash)}GNUSparseFile.0/${entry.path.slice(slash)}`;
  const size = map.length + padding.length + stored;
  const headers = encodeHeaders({ ...plain, path, size }, [
    ["GNU.sparse.major", Buffer.from("1")],
    ["GNU.sparse.minor", Buffer.from("0")],
    ["GNU.sparse.name", Buffer.from(entry.path, "latin1")],
    ["GNU.sparse.realsize", Buffer.from(String(entry.size))],
  ]);
  return Buffer.concat([headers, map, padding]);
}

function encodeHeaders(entry: TarEntry, more: readonly PaxRecord[]): Uint8Array {
  const name = splitPath(entry.path);
  const records = [...more, ...paxRecords(entry, name === undefined)];
  const header = headerBlock(entry, name ?? { prefix: "", name: entry.path.slice(0, 100) });
  if (records.length === 0) return header;
  const body = encodePax(records);
  const special = tarEntry({ path: `PaxHeaders.0/${baseName(entry.path)}`, size: body.length });
  return Buffer.concat([
    headerBlock(special, { prefix: "", name: special.path.slice(0, 100) }, "x"),
    body,
    paddingFor(body.length),
    header,
  ]);
}

const baseName = (path: ByteString): ByteString => /([^/]*)\/*$/.exec(path)?.[1] ?? "";

const isAscii = (text: string): boolean => /^[\x01-\x7f]*$/.test(text);

/** ustar's two fields; `undefined` where the path does not fit or is not ASCII. */
function splitPath(path: ByteString): { prefix: ByteString; name: ByteString } | undefined {
  if (!isAscii(path)) return undefined;
  if (path.length <= 100) return { prefix: "", name: path };
  if (path.length > 256) return undefined;
  const slash = path.indexOf("/", path.length - 101);
  if (slash <= 0 || slash > 155 || slash === path.length - 1) return undefined;
  return { prefix: path.slice(0, slash), name: path.slice(slash + 1) };
}

function paxRecords(entry: TarEntry, needsPath: boolean): PaxRecord[] {
  const records: PaxRecord[] = [];
  const add = (key: string, value: string) => records.push([key, Buffer.from(value, "latin1")]);
  if (needsPath) add("path", entry.path);
  if (entry.linkTarget.length > 100 || !isAscii(entry.linkTarget)) {
    add("linkpath", entry.linkTarget);
  }
  if (entry.uid > MAX_OCTAL_7) add("uid", String(entry.uid));
  if (entry.gid > MAX_OCTAL_7) add("gid", String(entry.gid));
  if (entry.size > MAX_OCTAL_11) add("size", String(entry.size));
  const { seconds, nanoseconds } = entry.modified;
  if (nanoseconds !== 0 || seconds < 0 || seconds > MAX_OCTAL_11) {
    add("mtime", formatPaxTime(entry.modified));
  }
  for (const name of [...entry.xattrs.keys()].sort()) {
    records.push([XATTR_PREFIX + name, Buffer.from(entry.xattrs.get(name) ?? [])]);
  }
  return records;
}

function headerBlock(
  entry: TarEntry,
  { prefix, name }: { prefix: ByteString; name: ByteString },
  flag = FLAGS[entry.type],
): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, digits: number) =>
    block.write(value.toString(8).padStart(digits, "0"), offset, digits, "latin1");
  block.write(name, 0, 100, "latin1");
  octal(entry.mode & 0o7777, 100, 7);
  octal(entry.uid > MAX_OCTAL_7 ? 0 : entry.uid, 108, 7);
  octal(entry.gid > MAX_OCTAL_7 ? 0 : entry.gid, 116, 7);
  octal(entry.size > MAX_OCTAL_11 ? 0 : entry.size, 124, 11);
  const { seconds } = entry.modified;
  octal(seconds < 0 || seconds > MAX_OCTAL_11 ? 0 : seconds, 136, 11);
  block.write(flag, 156, 1, "latin1");
  block.write(entry.linkTarget.slice(0, 100), 157, 100, "latin1");
  block.write("ustar\x0000", 257, 8, "latin1");
  block.write(entry.userName.slice(0, 31), 265, 31, "latin1");
  block.write(entry.groupName.slice(0, 31), 297, 31, "latin1");
  octal(entry.major, 329, 7);
  octal(entry.minor, 337, 7);
  block.write(prefix, 345, 155, "latin1");
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
  return block;
}

/** For messages. */
export const shownPath = (entry: TarEntry): string => fromByteString(entry.path);
