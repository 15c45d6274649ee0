import { readFileSync, realpathSync } from "node:fs";

export interface SourceMount {
  mountPoint: string;
  shared: boolean;
  slave: boolean;
}

/** proc_pid_mountinfo(5) writes blanks and the like as octal. */
const decodeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );

/** The mount that a path lies on: the longest mount point above it, the latest of equal ones. */
export function findMount(mountinfo: string, path: string): SourceMount {
  let found: SourceMount = { mountPoint: "/", shared: false, slave: false };
  for (const line of mountinfo.split("\n")) {
    const fields = line.split(" ");
    const mountPoint = decodeOctal(fields[4] ?? "");
    const above = mountPoint === "/" || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (mountPoint === "" || !above || mountPoint.length < found.mountPoint.length) continue;
    const tags = fields.slice(6, Math.max(6, fields.indexOf("-")));
    found = {
      mountPoint,
      shared: tags.some((tag) => tag.startsWith("shared:")),
      slave: tags.some((tag) => tag.startsWith("master:")),
    };
  }
  return found;
}

/** Propagation of the mount that a path of this host lies on. */
export function sharedPeerGroups(path: string): SourceMount {
  return findMount(readFileSync("/proc/self/mountinfo", "utf8"), realpathSync(path));
}
