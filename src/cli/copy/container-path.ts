import { posix } from "node:path";
import type { EngineClient } from "../../client/index.ts";
import { CliError } from "../cli-error.ts";
import { type CopySource, type CopyTarget, splitLast } from "./copy-paths.ts";

// Bits of Go's os.FileMode.
const DIRECTORY = 2 ** 31;
const SYMLINK = 2 ** 27;
const DEVICE = 2 ** 26;
const PIPE_SOCKET_OR_IRREGULAR = 2 ** 25 + 2 ** 24 + 2 ** 19;

const has = (mode: number, bits: number): boolean => Math.floor(mode / bits) % 2 === 1;

/** Where a copy goes in a container: a symlink there is followed once, as Docker does. */
export async function containerTarget(
  { containers }: EngineClient,
  container: string,
  path: string,
): Promise<CopyTarget> {
  let place = path;
  try {
    let stat = await containers.statPath(container, path);
    if (has(stat.mode, SYMLINK)) {
      const { linkTarget } = stat;
      place = linkTarget.startsWith("/") ? linkTarget : posix.join(splitLast(path)[0], linkTarget);
      stat = await containers.statPath(container, place);
    }
    refuseSpecial(path, stat.mode);
    return { path: place, exists: true, isDirectory: has(stat.mode, DIRECTORY) };
  } catch (error) {
    if (error instanceof CliError) throw error;
    // The copy itself tells what is wrong, if it is wrong.
    return { path: place, exists: false, isDirectory: false };
  }
}

function refuseSpecial(path: string, mode: number): void {
  const special = has(mode, DEVICE)
    ? "a device"
    : irregular(mode)
      ? "an irregular file"
      : undefined;
  if (special === undefined) return;
  throw new CliError(`destination "${path}" must be a directory or a regular file: got ${special}`);
}

const irregular = (mode: number): boolean => (mode & PIPE_SOCKET_OR_IRREGULAR) !== 0;

/** What is copied out of a container; with `followLink` what a symlink there leads to. */
export async function containerSource(
  { containers }: EngineClient,
  container: string,
  path: string,
  followLink: boolean,
): Promise<CopySource> {
  if (!followLink) return { path, isDirectory: false };
  const stat = await containers.statPath(container, path).catch(() => undefined);
  if (stat === undefined || !has(stat.mode, SYMLINK)) return { path, isDirectory: false };
  const { linkTarget } = stat;
  const [directory, name] = splitLast(path);
  const target = linkTarget.startsWith("/") ? linkTarget : posix.join(directory, linkTarget);
  return { path: target, isDirectory: false, linkName: name };
}

export const isDirectoryMode = (mode: number): boolean => has(mode, DIRECTORY);
