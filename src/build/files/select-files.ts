import { IgnorePatterns, PathPattern } from "../../spec/index.ts";
import { letOthersWork } from "./let-others-work.ts";
import {
  cleanPath,
  joinPath,
  resolveInTree,
  type SourceTree,
  type TreeEntry,
} from "./source-tree.ts";

/** Something that is copied: from a path of the tree to a path below the destination. */
export interface CopyItem {
  readonly from: string;
  /** Relative to the destination; `""` is the destination itself. */
  readonly to: string;
  readonly entry: TreeEntry;
  /** It only makes room for what is below it: an existing directory keeps its attributes. */
  readonly implied: boolean;
}

/** What one source of an instruction stands for. */
export interface SelectedSource {
  /** As written. */
  readonly source: string;
  readonly items: readonly CopyItem[];
  /** A single directory, whose content is copied. */
  readonly isDirectory: boolean;
}

export interface SelectOptions {
  readonly exclude: readonly string[];
  /** `--parents`: keep the directories of the source's path, from a `/./` on where there is one. */
  readonly parents: boolean;
}

/** Has the source wildcards? (Go's filepath.Match.) */
export const hasWildcards = (source: string): boolean => /[*?[]/.test(source.replace(/\\./g, ""));

/** The files that a source stands for; none where nothing matches. */
export async function selectFiles(
  tree: SourceTree,
  source: string,
  options: SelectOptions,
): Promise<SelectedSource[]> {
  const pivot = options.parents ? source.indexOf("/./") : -1;
  const base = pivot < 0 ? "" : cleanPath(source.slice(0, pivot));
  const pattern = cleanPath(source);
  const paths = hasWildcards(source) ? expandWildcards(tree, pattern) : [withoutEscapes(pattern)];
  const excluded = IgnorePatterns.of(options.exclude);
  const selected: SelectedSource[] = [];
  for (const path of paths) {
    const found = await selectPath(tree, path, { base, excluded, parents: options.parents });
    if (found !== undefined) selected.push({ source, ...found });
  }
  return selected;
}

const withoutEscapes = (pattern: string): string => pattern.replace(/\\(.)/g, "$1");

function expandWildcards(tree: SourceTree, pattern: string): string[] {
  let found = [""];
  for (const segment of pattern.split("/")) {
    if (segment === "**") {
      found = [...new Set(found.flatMap((path) => [path, ...directoriesBelow(tree, path)]))];
      continue;
    }
    const matcher = new PathPattern(segment);
    const wild = hasWildcards(segment);
    found = found.flatMap((path) => {
      const directory = resolveInTree(tree, path);
      if (directory === undefined || tree.stat(directory)?.type !== "directory") return [];
      if (!wild) {
        const name = withoutEscapes(segment);
        return tree.stat(joinPath(directory, name)) === undefined ? [] : [joinPath(path, name)];
      }
      const names = tree.list(directory).filter((name) => matcher.matches(name));
      return names.map((name) => joinPath(path, name));
    });
  }
  return found;
}

function directoriesBelow(tree: SourceTree, path: string): string[] {
  return tree.list(path).flatMap((name) => {
    const place = joinPath(path, name);
    return tree.stat(place)?.type === "directory" ? [place, ...directoriesBelow(tree, place)] : [];
  });
}

interface PathOptions {
  readonly base: string;
  readonly excluded: IgnorePatterns;
  readonly parents: boolean;
}

async function selectPath(
  tree: SourceTree,
  path: string,
  options: PathOptions,
): Promise<Omit<SelectedSource, "source"> | undefined> {
  const resolved = resolveInTree(tree, path);
  const entry = resolved === undefined ? undefined : tree.stat(resolved);
  if (resolved === undefined || entry === undefined) return undefined;
  const isDirectory = entry.type === "directory";
  const items: CopyItem[] = [];
  const root = options.parents ? parentItems(tree, path, options.base, items) : "";
  const top = options.parents ? root : isDirectory ? "" : path.slice(path.lastIndexOf("/") + 1);
  // Patterns are relative to the source where that is a directory, to its directory where it is a file.
  const name = isDirectory ? "" : path.slice(path.lastIndexOf("/") + 1);
  if (!isDirectory && options.excluded.ignores(name)) return { items: [], isDirectory };
  items.push({ from: resolved, to: top, entry, implied: isDirectory && !options.parents });
  if (isDirectory)
    await addChildren(tree, { from: resolved, to: top, relative: "" }, options, items);
  return { items, isDirectory: isDirectory && !options.parents };
}

/** The directories that lead to a source; returns where the source itself goes. */
function parentItems(tree: SourceTree, path: string, base: string, items: CopyItem[]): string {
  const relative = base !== "" && path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path;
  const offset = path.length - relative.length;
  for (let at = relative.indexOf("/"); at >= 0; at = relative.indexOf("/", at + 1)) {
    const from = resolveInTree(tree, path.slice(0, offset + at)) ?? "";
    const entry = tree.stat(from);
    if (entry !== undefined) items.push({ from, to: relative.slice(0, at), entry, implied: true });
  }
  return relative;
}

async function addChildren(
  tree: SourceTree,
  place: { from: string; to: string; relative: string },
  options: PathOptions,
  items: CopyItem[],
): Promise<void> {
  for (const name of tree.list(place.from)) {
    await letOthersWork();
    const from = joinPath(place.from, name);
    const to = joinPath(place.to, name);
    const relative = joinPath(place.relative, name);
    const entry = tree.stat(from);
    if (entry === undefined || entry.type === "other") continue;
    const ignored = !options.excluded.isEmpty && options.excluded.ignores(relative);
    if (ignored && entry.type !== "directory") continue;
    if (ignored && !options.excluded.mayHoldExceptions(relative)) continue;
    const before = items.length;
    if (entry.type === "directory") {
      items.push({ from, to, entry, implied: false });
      await addChildren(tree, { from, to, relative }, options, items);
      // Left out, and nothing in it was taken in again.
      if (ignored && items.length === before + 1) items.pop();
    } else items.push({ from, to, entry, implied: false });
  }
}
