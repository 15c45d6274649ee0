import type { Timestamp } from "../../linux/file.ts";
import { ByteSource, type MemberSource } from "../byte-source.ts";
import { archiveError, BLOCK, type Segment, type TarEntry, type TarType } from "./entry.ts";
import { decodeHeader, isZeroBlock, type RawHeader, typeOf } from "./header.ts";
import { decimal, decodePax, type PaxRecord, paxTime, XATTR_PREFIX } from "./pax.ts";
import { checkSparse, oldGnuSparse, paxSparse, paxSparseData } from "./sparse.ts";

/** Long names and PAX headers are held in memory; more than this is no name. */
const MAX_SPECIAL = 1 << 20;

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();

/** What special members say about the one that follows. */
interface Overrides {
  longName?: string;
  longLink?: string;
  records: PaxRecord[];
}

/**
 * Reads an archive member by member in constant memory: ustar, PAX, GNU and what came before. Errors are
 * `invalid-argument`.
 */
export class TarReader {
  readonly #source: MemberSource;
  readonly #global = new Map<string, Buffer>();
  #remaining = 0;
  #padding = 0;
  #segments: readonly Segment[] = [];
  #segment = 0;
  #inSegment = 0;
  #position = 0;

  constructor(source: AsyncIterable<Uint8Array> | MemberSource) {
    this.#source = "takeBuffered" in source ? source : new ByteSource(source);
  }

  /** Where in the unpacked file the chunk that `read` returned last belongs. */
  get position(): number {
    return this.#position;
  }

  /** The next member, skipping what is left of the last; `undefined` at the end, with the stream drained. */
  async next(): Promise<TarEntry | undefined> {
    await this.#skip();
    const overrides: Overrides = { records: [] };
    for (;;) {
      const block = await this.#block(true);
      if (block === undefined || isZeroBlock(block)) return this.#end(block);
      const header = decodeHeader(block);
      if (!(await this.#takeSpecial(header, overrides))) {
        return this.#entry(header, Buffer.from(block), overrides);
      }
    }
  }

  /** A piece of the member's data; `undefined` at its end. Valid until the next call. */
  async read(): Promise<Buffer | undefined> {
    if (this.#remaining === 0) return undefined;
    while (this.#inSegment === (this.#segments[this.#segment]?.length ?? -1)) {
      this.#segment++;
      this.#inSegment = 0;
    }
    const segment = this.#segments[this.#segment];
    if (segment === undefined) throw archiveError("a sparse map does not fit its file");
    const bytes = await this.#source.some(segment.length - this.#inSegment);
    if (bytes.length === 0) throw truncated();
    this.#position = segment.offset + this.#inSegment;
    this.#inSegment += bytes.length;
    this.#remaining -= bytes.length;
    return bytes;
  }

  /**
   * Where in the archive's file the whole of the member's data is, so that the kernel can copy it; it
   * counts as read. Undefined: read it.
   */
  takeRange(): { position: number; length: number } | undefined {
    const length = this.#remaining;
    if (length === 0 || this.#segments.length !== 1 || this.#inSegment > 0) return undefined;
    if (this.#segments[0]?.offset !== 0 || this.#segments[0].length !== length) return undefined;
    const position = this.#source.takeRange?.(length);
    if (position === undefined) return undefined;
    this.#remaining = 0;
    return { position, length };
  }

  /** All of the member's data, for small ones. */
  async readAll(limit: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let size = 0;
    for (let part = await this.read(); part !== undefined; part = await this.read()) {
      size += part.length;
      if (size > limit) throw archiveError(`a member is larger than ${limit} bytes`);
      parts.push(Buffer.from(part));
    }
    return Buffer.concat(parts);
  }

  async #end(zeroBlock: Buffer | undefined): Promise<undefined> {
    if (zeroBlock !== undefined) {
      const second = await this.#block(true);
      if (second !== undefined && !isZeroBlock(second)) {
        throw archiveError("it goes on after its end");
      }
      await this.#source.drain();
    }
    return undefined;
  }

  async #block(mayEnd: boolean): Promise<Buffer | undefined> {
    const block = this.#source.takeBuffered(BLOCK) ?? (await this.#source.take(BLOCK));
    if (block.length === 0 && mayEnd) return undefined;
    if (block.length < BLOCK) throw truncated();
    return block;
  }

  #dataBlock = async (): Promise<Buffer> => {
    const block = await this.#block(false);
    if (block === undefined) throw truncated();
    return block;
  };

  async #skip(): Promise<void> {
    let left = this.#remaining + this.#padding;
    this.#remaining = 0;
    this.#padding = 0;
    while (left > 0) {
      const bytes = await this.#source.some(left);
      if (bytes.length === 0) throw truncated();
      left -= bytes.length;
    }
  }

  /** Consumes a member that only speaks about the next; false if this is a member of its own. */
  async #takeSpecial(header: RawHeader, overrides: Overrides): Promise<boolean> {
    switch (header.flag) {
      case "x":
      case "X":
        overrides.records = decodePax(await this.#special(header.size));
        return true;
      case "g":
        for (const [key, value] of decodePax(await this.#special(header.size))) {
          this.#global.set(key, value);
        }
        return true;
      case "L":
        overrides.longName = untilNul(await this.#special(header.size));
        return true;
      case "K":
        overrides.longLink = untilNul(await this.#special(header.size));
        return true;
      case "V":
        await this.#special(header.size);
        return true;
      case "M":
        throw archiveError("it continues another volume");
      default:
        return false;
    }
  }

  async #special(size: number): Promise<Buffer> {
    if (size < 0 || size > MAX_SPECIAL) throw archiveError("a special header is too large");
    const bytes = await this.#source.take(size);
    if (bytes.length < size) throw truncated();
    const copy = Buffer.from(bytes);
    this.#padding = padding(size);
    await this.#skip();
    return copy;
  }

  async #entry(header: RawHeader, block: Buffer, overrides: Overrides): Promise<TarEntry> {
    const type = typeOf(header);
    const entry = describe(header, type, overrides);
    const pax = applyPax(entry, this.#records(overrides));
    const stored = type === "file" || type === "other" ? (pax.size ?? header.size) : 0;
    if (stored < 0) throw archiveError("a size is negative");
    entry.size = stored;
    this.#remaining = stored;
    this.#padding = padding(stored);
    await this.#sparse(entry, header, block, pax.records);
    this.#segments = entry.sparse ?? [{ offset: 0, length: stored }];
    this.#segment = 0;
    this.#inSegment = 0;
    return entry;
  }

  #records(overrides: Overrides): PaxRecord[] {
    return this.#global.size === 0
      ? overrides.records
      : [...this.#global.entries(), ...overrides.records];
  }

  async #sparse(
    entry: TarEntry,
    header: RawHeader,
    block: Buffer,
    records: readonly PaxRecord[],
  ): Promise<void> {
    if (header.flag === "S" && header.dialect === "gnu") {
      const { segments, size } = await oldGnuSparse(block, this.#dataBlock);
      this.#useSparse(entry, segments, size);
      return;
    }
    const value = (key: string) =>
      records.findLast(([name]) => name === key)?.[1].toString("latin1");
    const size = value("GNU.sparse.realsize") ?? value("GNU.sparse.size");
    if (size === undefined || entry.type !== "file") return;
    entry.path = value("GNU.sparse.name") ?? entry.path;
    const segments = paxSparse(records) ?? (value("GNU.sparse.major") === "1" ? undefined : []);
    if (segments !== undefined) return this.#useSparse(entry, segments, decimal(size));
    const map = await paxSparseData(this.#dataBlock);
    this.#remaining -= map.taken;
    this.#useSparse(entry, map.segments, decimal(size));
  }

  #useSparse(entry: TarEntry, segments: readonly Segment[], size: number): void {
    checkSparse(segments, size, this.#remaining);
    entry.size = size;
    entry.sparse = segments;
  }
}

const truncated = (): Error => archiveError("it ends in the middle of a member");

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
}

function describe(header: RawHeader, type: TarType, overrides: Overrides): TarEntry {
  return {
    type,
    path: overrides.longName ?? header.path,
    linkTarget: overrides.longLink ?? header.linkTarget,
    mode: header.mode,
    uid: header.uid,
    gid: header.gid,
    userName: header.userName,
    groupName: header.groupName,
    size: 0,
    modified: { seconds: header.mtime, nanoseconds: 0 },
    major: header.major,
    minor: header.minor,
    xattrs: NO_XATTRS,
  };
}

function applyPax(
  entry: TarEntry,
  records: PaxRecord[],
): { size: number | undefined; records: PaxRecord[] } {
  let size: number | undefined;
  let xattrs: Map<string, Uint8Array> | undefined;
  for (const [key, value] of records) {
    // An empty value takes an earlier record back (pax(1)).
    if (key.startsWith(XATTR_PREFIX)) {
      xattrs ??= new Map();
      xattrs.set(key.slice(XATTR_PREFIX.length), value);
    } else if (value.length > 0) {
      if (key === "size") size = decimal(value.toString("latin1"));
      else applyRecord(entry, key, value);
    }
  }
  if (xattrs !== undefined) entry.xattrs = xattrs;
  return { size, records };
}

function applyRecord(entry: TarEntry, key: string, value: Buffer): void {
  const text = value.toString("latin1");
  if (text.includes("\0") && (key === "path" || key === "linkpath")) {
    throw archiveError("a name holds a NUL");
  }
  if (key === "path") entry.path = text;
  else if (key === "linkpath") entry.linkTarget = text;
  else if (key === "uid") entry.uid = decimal(text);
  else if (key === "gid") entry.gid = decimal(text);
  else if (key === "uname") entry.userName = text;
  else if (key === "gname") entry.groupName = text;
  else if (key === "mtime") entry.modified = paxTime(text) satisfies Timestamp;
}
