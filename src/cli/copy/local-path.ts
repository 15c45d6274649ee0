import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import { fileProblem } from "../container-config/environment.ts";
import { type CopySource, type CopyTarget, namesContent, namesDirectory } from "./copy-paths.ts";

/** The absolute path, with a trailing `/` or `/.` kept: they have a meaning. */
export function absoluteLocalPath(path: string): string {
  const full = resolve(path);
  if (namesContent(path)) return `${full === "/" ? "" : full}/.`;
  return path.endsWith("/") && full !== "/" ? `${full}/` : full;
}

/** A file or directory to copy; with `followLink` what a symlink leads to, under the link's own name. */
export function localSource(path: string, followLink: boolean): CopySource {
  const absolute = absoluteLocalPath(path);
  const plain = absolute.replace(/\/\.?$/, "") || "/";
  const status = look(() => lstatSync(plain), plain);
  if (!status.isSymbolicLink() || !(followLink || namesDirectory(absolute))) {
    return { path: absolute, isDirectory: status.isDirectory() };
  }
  const real = look(() => realpathSync(plain), resolve(dirname(plain), readlinkSync(plain)));
  const suffix = absolute.slice(plain.length);
  const isDirectory = statSync(real).isDirectory();
  return { path: `${real}${suffix}`, isDirectory, linkName: basename(plain) };
}

/** Where to copy to; its directory has to be there. */
export function localTarget(path: string): CopyTarget {
  const absolute = absoluteLocalPath(path);
  const plain = absolute.replace(/\/\.?$/, "") || "/";
  const parent = dirname(plain);
  const missing = !isDirectory(parent);
  if (missing) {
    throw new CliError(`invalid output path: directory "${parent}" does not exist`);
  }
  try {
    const status = statSync(plain);
    if (!status.isDirectory() && !status.isFile()) {
      const what = status.isSocket() || status.isFIFO() ? "an irregular file" : "a device";
      throw new CliError(
        `invalid output path: "${path}" must be a directory or a regular file: got ${what}`,
      );
    }
    return {
      path: status.isDirectory() ? absolute : realpathSync(plain),
      exists: true,
      isDirectory: status.isDirectory(),
    };
  } catch (error) {
    if (error instanceof CliError) throw error;
    return { path: absolute, exists: false, isDirectory: false };
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function look<T extends Stats | string>(read: () => T, path: string): T {
  try {
    return read();
  } catch (error) {
    throw new CliError(`lstat ${path}: ${fileProblem(error)}`, 1, { cause: error });
  }
}
