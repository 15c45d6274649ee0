import { posix } from "node:path";
import { cleanPath } from "../../spec/index.ts";
import { CliError } from "../cli-error.ts";

/** One side of a copy: a path of this machine, or of a container. */
export interface CopyPlace {
  container?: string;
  path: string;
}

/** `CONTAINER:PATH`, or a local path: one that begins with `/` or `.`, or has no colon. */
export function parseCopyPlace(text: string): CopyPlace {
  if (text.startsWith("/") || text.startsWith(".")) return { path: text };
  const colon = text.indexOf(":");
  return colon < 0
    ? { path: text }
    : { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** What is known of a path, there or not. */
export interface CopyTarget {
  path: string;
  exists: boolean;
  isDirectory: boolean;
}

export interface CopySource {
  path: string;
  isDirectory: boolean;
  /** The name that the user gave a symlink which was followed. */
  linkName?: string;
}

/** Where an archive is to be unpacked, and what its top entry is to be called. */
export interface CopyPlan {
  directory: string;
  /** Undefined: as it is. */
  name: string | undefined;
}

/**
 * Docker's rules for `cp`: into a directory that is there; over a file; under a new name. Throws where a
 * directory would go over a file, and where a directory was asked for that is not there.
 */
export function planCopy(source: CopySource, target: CopyTarget): CopyPlan {
  if (target.exists && target.isDirectory) {
    return { directory: target.path, name: source.linkName };
  }
  if (target.exists && source.isDirectory) throw new CliError("cannot copy directory");
  if (!target.exists && !source.isDirectory && namesDirectory(target.path)) {
    throw new CliError("no such directory");
  }
  const [directory, name] = splitLast(target.path);
  return { directory, name };
}

/** A trailing `/` or `/.` says that a directory is meant. */
export const namesDirectory = (path: string): boolean => /(?:^|\/)\.?$/.test(path);

export const namesContent = (path: string): boolean => /(?:^|\/)\.$/.test(path);

/** The directory and the last name, `.` where the directory's content is meant. */
export function splitLast(path: string): [directory: string, name: string] {
  const clean = cleanPath(path);
  if (namesContent(path)) return [clean, "."];
  return [posix.dirname(clean), posix.basename(clean) || "/"];
}
