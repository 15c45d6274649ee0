import type { Timestamp } from "../../linux/file.ts";
import { invalidArgument } from "../../spec/index.ts";
import type { ByteString } from "../byte-string.ts";

export const BLOCK = 512;

export type TarType =
  | "file"
  | "link"
  | "symlink"
  | "character"
  | "block"
  | "directory"
  | "fifo"
  /** A type that Berth does not know; its data can be skipped. */
  | "other";

/** A piece of a sparse file that has data. */
export interface Segment {
  offset: number;
  length: number;
}

/** A member of an archive, whichever dialect wrote it. */
export interface TarEntry {
  type: TarType;
  /** As written: may begin with `/` or `./`, hold `..`, end in `/`. */
  path: ByteString;
  linkTarget: ByteString;
  /** Permission bits, setuid, setgid and sticky; no type bits. */
  mode: number;
  uid: number;
  gid: number;
  userName: ByteString;
  groupName: ByteString;
  /** Bytes of the file when unpacked; 0 for all but files. */
  size: number;
  modified: Timestamp;
  major: number;
  minor: number;
  /** Names are text, values bytes. */
  xattrs: ReadonlyMap<string, Uint8Array>;
  /** Of a sparse file: where its data belongs, in order. */
  sparse?: readonly Segment[];
}

export const archiveError = (why: string): Error =>
  invalidArgument(`Cannot read the archive: ${why}`);
