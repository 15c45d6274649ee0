import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import type { DirectoryMatch, IgnorePatterns } from "../../../spec/ignore-patterns.ts";
import type { BuildContextEntry } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";

/** An entry with what tells whether a file is the one that was hashed before. */
export interface WalkedEntry {
  readonly entry: BuildContextEntry;
  readonly inode: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

interface Directory {
  readonly path: string;
  readonly match: DirectoryMatch | undefined;
  readonly ignored: boolean;
}

/**
 * What of a directory is part of a build: sorted, parents first. Sockets, pipes and devices are left out.
 * An ignored directory is there only where something in it is taken in again.
 */
export function* walkContext(root: string, ignore: IgnorePatterns): Generator<WalkedEntry> {
  yield* walkDirectory(root, ignore, { path: "", match: undefined, ignored: false });
}

function* walkDirectory(
  root: string,
  ignore: IgnorePatterns,
  directory: Directory,
): Generator<WalkedEntry> {
  for (const name of readNames(root, directory.path)) {
    const path = directory.path === "" ? name : `${directory.path}/${name}`;
    const { ignored, match } = ignore.enter(path, directory.match);
    if (ignored && !ignore.hasExceptions) continue;
    const status = readStatus(root, path);
    if (status === undefined) continue;
    if (!status.isDirectory()) {
      if (!ignored) yield* walkFile(root, path, status);
      continue;
    }
    const own = walked(path, "directory", status);
    if (!ignored) yield own;
    else if (!ignore.mayHoldExceptions(path)) continue;
    const inside = walkDirectory(root, ignore, { path, match, ignored });
    yield* ignored ? withParent(own, inside) : inside;
  }
}

/** The directory, once something in it turns up. */
function* withParent(parent: WalkedEntry, inside: Iterable<WalkedEntry>): Generator<WalkedEntry> {
  let told = false;
  for (const each of inside) {
    if (!told) yield parent;
    told = true;
    yield each;
  }
}

function* walkFile(root: string, path: string, status: Stats): Generator<WalkedEntry> {
  if (status.isFile()) yield walked(path, "file", status);
  else if (status.isSymbolicLink()) {
    yield walked(path, "symlink", status, readlinkSync(`${root}/${path}`));
  }
}

function walked(
  path: string,
  type: BuildContextEntry["type"],
  status: Stats,
  target?: string,
): WalkedEntry {
  return {
    entry: {
      path,
      type,
      mode: status.mode & 0o7777,
      size: type === "file" ? status.size : 0,
      mtime: Math.floor(status.mtimeMs / 1000),
      ...(target === undefined ? {} : { target }),
    },
    inode: status.ino,
    mtimeMs: status.mtimeMs,
    ctimeMs: status.ctimeMs,
  };
}

function readNames(root: string, path: string): string[] {
  const directory = path === "" ? root : `${root}/${path}`;
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    throw unreadable(directory, error);
  }
}

/** Nothing for what has vanished since its directory was read. */
function readStatus(root: string, path: string): Stats | undefined {
  const status = lstatSync(`${root}/${path}`, { throwIfNoEntry: false });
  if (status === undefined && path.includes("\uFFFD")) {
    throw new CliError(
      `unable to prepare context: the name of ${root}/${path} is not UTF-8: rename it, or name it in .dockerignore with a *`,
    );
  }
  return status;
}

export function unreadable(path: string, error: unknown): CliError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const why =
    code === "EACCES" || code === "EPERM"
      ? `no permission to read from '${path}'`
      : `${path}: ${error instanceof Error ? error.message : String(error)}`;
  return new CliError(`unable to prepare context: ${why}`, 1, { cause: error });
}
