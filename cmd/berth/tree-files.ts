import { packTree, unpackTar } from "../../src/archive/index.ts";
import type { TreeFiles } from "../../src/cli/tree-files.ts";

/** Without privileges: what the caller may not do, it cannot have done here either. */
export const treeFiles: TreeFiles = {
  pack: (path, name, signal) => packTree("/", { path, rename: name, unconfined: true, signal }),
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
