import type { ModeChange } from "../dockerfile/mode-change.ts";
import type { CopyItem } from "./select-files.ts";
import type { SourceTree } from "./source-tree.ts";

export interface DigestOptions {
  /** `--chmod`: the mode that results counts, not the source's. */
  readonly mode?: ModeChange;
  /** Owners of the source count, because they are taken over. */
  readonly owners: boolean;
}

/** What a step copies, as far as it shows in the result: no times, no modes that `--chmod` overrides. */
export interface ContentDigest {
  /** Hex. */
  readonly digest: string;
  /** One line for each file: to say later which one has changed. */
  readonly lines: readonly string[];
}

export async function contentDigest(
  tree: SourceTree,
  items: readonly CopyItem[],
  options: DigestOptions,
): Promise<ContentDigest> {
  const lines: string[] = [];
  const hash = new Bun.CryptoHasher("sha256");
  for (const { from, to, entry } of items) {
    const { type, uid, gid } = entry;
    const mode = options.mode?.(entry.mode, type === "directory") ?? entry.mode;
    const owner = options.owners ? `${uid}:${gid}` : "";
    const shownMode = type === "symlink" ? "" : mode.toString(8);
    const content = type === "file" ? await tree.digest(from) : entry.target;
    const line = `${to}\0${type}\0${shownMode}\0${owner}\0${content}`;
    hash.update(`${line}\n`);
    lines.push(line);
  }
  return { digest: hash.digest("hex"), lines };
}
