import type { TarEntry } from "../tar/entry.ts";

/** Takes the members of a tree, parents before what lies in them. */
export interface MemberSink {
  /** One without content of its own. */
  member(entry: TarEntry): void;
  /** A regular file, open for reading at its beginning; what it holds beside holes is in `entry.sparse`. */
  file(entry: TarEntry, fd: number): void;
  end(): void;
}
