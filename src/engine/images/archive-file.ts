import { encodeEntry, endOfArchive, paddingFor, tarEntry } from "../../archive/index.ts";

/** A file to be written into an archive: small ones at hand, others as a stream. */
export type ArchiveFile = { readonly path: string; readonly size: number } & (
  | { readonly bytes: Uint8Array }
  | { readonly open: () => AsyncIterable<Uint8Array> }
);

/** A tar of the files with their directories before them; owners, modes and times are fixed. */
export async function* writeArchive(files: readonly ArchiveFile[]): AsyncGenerator<Uint8Array> {
  const directories = new Set<string>();
  for (const file of files) {
    for (const directory of parentsOf(file.path)) {
      if (directories.has(directory)) continue;
      directories.add(directory);
      yield encodeEntry(tarEntry({ type: "directory", path: directory }));
    }
    yield encodeEntry(tarEntry({ path: file.path, size: file.size }));
    if ("bytes" in file) yield file.bytes;
    else yield* file.open();
    yield paddingFor(file.size);
  }
  yield endOfArchive;
}

/** `a/b/c` → `a/`, `a/b/`. */
function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => `${parts.slice(0, index + 1).join("/")}/`);
}
