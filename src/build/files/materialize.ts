import { mkdirSync } from "node:fs";
import { close } from "../../linux/file.ts";
import { openRoot } from "../../linux/in-root.ts";
import { selectFiles } from "./select-files.ts";
import type { SourceTree } from "./source-tree.ts";
import { writeFiles } from "./write-files.ts";

/** Writes a tree's files into a new directory; returns that. */
export async function materialize(
  files: SourceTree,
  place: string,
  signal: AbortSignal,
): Promise<string> {
  mkdirSync(place, { recursive: true, mode: 0o755 });
  const [selected] = await selectFiles(files, "/", { exclude: [], parents: false });
  const root = openRoot(place);
  try {
    await writeFiles(root, "", files, selected?.items ?? [], { signal });
  } finally {
    close(root);
  }
  return place;
}
