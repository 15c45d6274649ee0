import type { ContextFiles } from "../contexts/context-files.ts";
import type { InlineFile } from "../dockerfile/index.ts";
import { ManifestTree } from "./manifest-tree.ts";

/** Here-documents as files. */
export async function inlineTree(
  pool: ContextFiles,
  files: readonly InlineFile[],
): Promise<ManifestTree> {
  const mtime = Math.floor(Date.now() / 1000);
  const entries = [];
  for (const { name, content } of files) {
    const { sha256, size } = await pool.put([Buffer.from(content)]);
    entries.push({ path: name, type: "file", mode: 0o644, size, mtime, sha256 } as const);
  }
  return new ManifestTree(entries, (sha256) => pool.path(sha256));
}
