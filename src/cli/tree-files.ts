import type { BuildContextEntry } from "../spec/index.ts";

/** The caller's own files as tars. The composition root gives an implementation, loaded when first asked for. */
export interface TreeFiles {
  /** A tar of a file or directory whose top entry is called `name`; symlinks are not followed. */
  pack(path: string, name: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * A tar of chosen entries below a directory, and of files that are only text. All belongs to root.
   * `nameOf`: what an entry is called in the archive; its path without.
   */
  packEntries(
    directory: string,
    entries: Iterable<BuildContextEntry>,
    texts: Readonly<Record<string, string>>,
    nameOf?: (path: string) => string,
  ): AsyncIterable<Uint8Array>;
  /** Below a directory that is there, and nowhere else whatever the archive says. */
  unpack(
    stream: AsyncIterable<Uint8Array>,
    directory: string,
    options: UnpackFilesOptions,
  ): Promise<void>;
}

export interface UnpackFilesOptions {
  signal: AbortSignal;
  /** Members at or below `from` stand at `to`. */
  rename?: { from: string; to: string };
  /** Keep whom the archive names; default: all belongs to this user. */
  owners?: boolean;
  /** A directory may take the place of something else, and the other way round. */
  replace?: boolean;
}
