import { readFileSync } from "node:fs";

/** A line of /proc/<pid>/mountinfo (proc_pid_mountinfo(5)). */
export interface MountInfo {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` */
  readonly device: string;
  /** Directory of the file system that is the mount's root. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: string;
  /** `shared:7`, `master:3`, `unbindable` … */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: string;
}

export function readMountInfo(process: number | "self" = "self"): MountInfo[] {
  return parseMountInfo(readFileSync(`/proc/${process}/mountinfo`, "utf8"));
}

/** In the kernel's order: a mount stands after those that it covers. */
export function parseMountInfo(text: string): MountInfo[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map(parseLine);
}

function parseLine(line: string): MountInfo {
  const [front = "", back = ""] = line.split(" - ");
  const [id, parent, device = "", root = "", mountPoint = "", options = "", ...propagation] =
    front.split(" ");
  const [type = "", source = "", superOptions = ""] = back.split(" ");
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(mountPoint),
    options,
    propagation: propagation.filter((field) => field !== ""),
    type,
    source: unescapeOctal(source),
    superOptions,
  };
}

/** The kernel writes space, tab, newline and backslash as `\040` and the like. */
function unescapeOctal(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
