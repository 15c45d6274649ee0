import { readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "../errno.ts";

/** The text of a cgroup's file; undefined when the cgroup, the file or the device behind it is not there. */
export function readCgroupFile(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch (error) {
    // ENODEV and ENOTSUP: the cgroup is being removed, or the controller lost its device.
    if (isErrno(error, Errno.ENOENT, Errno.ENODEV, Errno.ENOTSUP, Errno.ENOTDIR)) return undefined;
    throw error;
  }
}

/** One write(2), as cgroup files want it. */
export function writeCgroupFile(folder: string, name: string, value: string | number): void {
  writeFileSync(join(folder, name), String(value), { flag: "r+" });
}

/** A file of one number; `max` and absent files are undefined. */
export function readCgroupNumber(folder: string, name: string): number | undefined {
  const text = readCgroupFile(folder, name)?.trim();
  return text === undefined || text === "" || text === "max" ? undefined : Number(text);
}

/** Lines of `key value`. */
export function parseKeyed(text: string | undefined): Record<string, number> {
  const values: Record<string, number> = {};
  for (const line of (text ?? "").split("\n")) {
    const [key, value] = line.split(" ");
    if (key && value !== undefined) values[key] = Number(value);
  }
  return values;
}

/** The cgroups below one, children before parents, itself last. */
export function cgroupTree(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (isErrno(error, Errno.ENOENT, Errno.ENODEV)) return [];
    throw error;
  }
  return [...names.flatMap((name) => cgroupTree(join(folder, name))), folder];
}

/** Process ids in a cgroup and in those below it. */
export function processesIn(folder: string): number[] {
  const pids = cgroupTree(folder).flatMap((path) =>
    (readCgroupFile(path, "cgroup.procs") ?? "").split("\n").filter(Boolean).map(Number),
  );
  return [...new Set(pids)];
}

/** Removes a cgroup with those below it; false when something still lives in one. */
export function removeCgroupTree(folder: string): boolean {
  try {
    // Without children, which is nearly always, one system call does it.
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (isErrno(error, Errno.ENOENT)) return true;
    if (!isErrno(error, Errno.EBUSY, Errno.ENOTEMPTY)) throw error;
  }
  let clear = true;
  for (const path of cgroupTree(folder)) {
    try {
      rmdirSync(path);
    } catch (error) {
      if (isErrno(error, Errno.ENOENT)) continue;
      if (!isErrno(error, Errno.EBUSY, Errno.ENOTEMPTY)) throw error;
      clear = false;
    }
  }
  return clear;
}
