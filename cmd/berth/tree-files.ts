import {
  encodeEntry,
  endOfArchive,
  packTree,
  paddingFor,
  tarEntry,
  toByteString,
  unpackTar,
} from "../../src/archive/index.ts";
import { CliError } from "../../src/cli/cli-error.ts";
import type { TreeFiles } from "../../src/cli/tree-files.ts";
import type { BuildContextEntry } from "../../src/spec/index.ts";

/** Without privileges: what the caller may not do, it cannot have done here either. */
export const treeFiles: TreeFiles = {
  pack: (path, name, signal) => packTree("/", { path, rename: name, unconfined: true, signal }),
  packEntries: packChosen,
  async unpack(stream, directory, { signal, rename, owners, replace }) {
    await unpackTar(stream, directory, {
      mode: "plain",
      unhashed: true,
      noOverwriteDirNonDir: replace !== true,
      unconfined: true,
      signal,
      ...(owners === true ? {} : { owner: { uid: 0, gid: 0 } }),
      ...(rename === undefined ? {} : { rename }),
    });
  },
};

async function* packChosen(
  directory: string,
  entries: Iterable<BuildContextEntry>,
  texts: Readonly<Record<string, string>>,
  nameOf: (path: string) => string = (path) => path,
): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    const { type, mode, size, target = "" } = entry;
    const name = nameOf(entry.path);
    const path = toByteString(type === "directory" ? `${name}/` : name);
    const linkTarget = toByteString(target);
    const modified = { seconds: entry.mtime, nanoseconds: 0 };
    yield encodeEntry(tarEntry({ type, path, linkTarget, mode, size, modified }));
    if (type !== "file") continue;
    let left = size;
    for await (const piece of Bun.file(`${directory}/${entry.path}`).slice(0, size).stream()) {
      left -= piece.length;
      yield piece;
    }
    if (left !== 0) throw new CliError(`${directory}/${entry.path} changed while it was sent`);
    yield paddingFor(size);
  }
  for (const [name, text] of Object.entries(texts)) {
    const bytes = Buffer.from(text);
    yield encodeEntry(tarEntry({ path: toByteString(name), size: bytes.length }));
    yield bytes;
    yield paddingFor(bytes.length);
  }
  yield endOfArchive;
}
