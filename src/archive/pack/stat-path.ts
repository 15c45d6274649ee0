import { readlinkSync } from "node:fs";
import { Errno, isErrno } from "../../linux/errno.ts";
import { close, openInRoot, readlink, type Timestamp } from "../../linux/file.ts";
import { locateInRoot, openRoot } from "../../linux/in-root.ts";
import { FileType, fstat, lstat, type Status } from "../../linux/stat.ts";
import { notFound } from "../../spec/index.ts";
import { resultOf } from "../child-process.ts";
import type { LocatedPath, TreeMount } from "../tree-options.ts";
import { spawnPack } from "./pack-tree.ts";

const O_PATH = 0o10000000;

/**
 * Looks at a path as the tree at `root` sees it; a symlink at its end is described, not followed, unless the
 * path ends in `/` or `/.`. `not-found`.
 */
export async function statPath(
  root: string,
  path: string,
  mounts: readonly TreeMount[] = [],
): Promise<LocatedPath> {
  if (mounts.length === 0) return describePath(root, path);
  return await resultOf(spawnPack({ root, path, mounts, stat: true }), "look at a path");
}

/** The kernel resolves every symlink on the way inside of `root`. */
export function describePath(root: string, path: string): LocatedPath {
  const follow = /(?:^|\/)\.?$/.test(path);
  const trimmed = path.replace(/\/+\.?$/, "");
  const name = trimmed.slice(trimmed.lastIndexOf("/") + 1);
  const parent = trimmed.slice(0, trimmed.length - name.length);
  const rootFd = openRoot(root);
  try {
    const status = follow || name === "" ? statOf(rootFd, path) : lstatOf(rootFd, parent, name);
    const symlink = (status.mode & FileType.mask) === FileType.symlink;
    return {
      name: name === "" ? "/" : name,
      size: status.size,
      mode: goFileMode(status.mode),
      mtime: rfc3339(status.modified),
      linkTarget: symlink ? resolveLink(rootFd, parent, name) : "",
      realPath: realPath(rootFd, follow || name === "" ? path : parent, follow ? "" : name),
    };
  } catch (error) {
    if (!isErrno(error, Errno.ENOENT, Errno.ENOTDIR)) throw error;
    throw notFound(`Cannot find "${path}": no such file or directory`, error);
  } finally {
    close(rootFd);
  }
}

/** The directory's place in the tree, with the name below it, which is not followed. */
function realPath(rootFd: number, directory: string, name: string): string {
  const fd = openInRoot(rootFd, directory === "" ? "/" : directory, O_PATH);
  try {
    const place = pathInside(rootFd, fd);
    return name === "" ? place : `${place === "/" ? "" : place}/${name}`;
  } finally {
    close(fd);
  }
}

/** A descriptor's path as the tree names it. */
function pathInside(rootFd: number, fd: number): string {
  const real = readlinkSync(`/proc/self/fd/${fd}`);
  const prefix = readlinkSync(`/proc/self/fd/${rootFd}`);
  return (prefix === "/" ? real : real.slice(prefix.length)) || "/";
}

function statOf(root: number, path: string): Status {
  const fd = openInRoot(root, path === "" ? "/" : path, O_PATH);
  try {
    return fstat(fd);
  } finally {
    close(fd);
  }
}

function lstatOf(root: number, parent: string, name: string): Status {
  const directory = openInRoot(root, parent === "" ? "/" : parent, O_PATH);
  try {
    return lstat(name, directory);
  } finally {
    close(directory);
  }
}

/** Where the link leads in the end, as the tree names it; its plain text joined where that is nowhere. */
function resolveLink(rootFd: number, parent: string, name: string): string {
  const target = locateInRoot(rootFd, `${parent}${name}`);
  if (target === undefined) {
    const directory = openInRoot(rootFd, parent === "" ? "/" : parent, O_PATH);
    const text = readlink(name, directory).toString();
    close(directory);
    return text.startsWith("/") ? text : `${parent.startsWith("/") ? "" : "/"}${parent}${text}`;
  }
  const real = pathInside(rootFd, target);
  close(target);
  return real;
}

function rfc3339({ seconds, nanoseconds }: Timestamp): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  const fraction = String(nanoseconds).padStart(9, "0").replace(/0+$/, "");
  return `${whole}${fraction === "" ? "" : `.${fraction}`}Z`;
}

/** Bits of Go's os.FileMode (package io/fs). */
function goFileMode(mode: number): number {
  const types: Record<number, number> = {
    [FileType.directory]: 2 ** 31,
    [FileType.symlink]: 2 ** 27,
    [FileType.block]: 2 ** 26,
    [FileType.character]: 2 ** 26 + 2 ** 21,
    [FileType.fifo]: 2 ** 25,
    [FileType.socket]: 2 ** 24,
  };
  let result = (mode & 0o777) + (types[mode & FileType.mask] ?? 0);
  if ((mode & 0o4000) !== 0) result += 2 ** 23;
  if ((mode & 0o2000) !== 0) result += 2 ** 22;
  if ((mode & 0o1000) !== 0) result += 2 ** 20;
  return result;
}
