import { readdir, readFile } from "node:fs/promises";
import { $ } from "bun";

/**
 * What a daemon can leave behind on a host, each a set of lines that can be compared. A namespace stays
 * only while a process is in it or holds it open, or a mount does: those are here.
 */
export type HostState = Record<
  "mounts" | "links" | "addresses" | "routes" | "firewall" | "cgroups" | "processes",
  string[]
>;

/**
 * On a hybrid host the daemon mounts the controllers that version 2 has left over, since crun refuses the
 * host otherwise. The mount stays: another daemon may rely on it.
 */
const MADE_FIT = "/sys/fs/cgroup/hugetlb";

/** Parts of the names of the daemon's processes (in their command lines) and of its cgroups. */
export interface Marks {
  process: string;
  cgroup: string;
}

export async function readHostState(marks: Marks): Promise<HostState> {
  const [mounts, links, addresses, routes, firewall, cgroups, processes] = await Promise.all([
    readMounts(),
    // Of this network namespace, wherever /sys was mounted.
    readdir("/proc/sys/net/ipv4/conf"),
    lines($`ip -o addr show`.quiet().text(), (line) => line.replace(/^\d+: |_lft \S+/g, "")),
    lines($`ip route show table all`.quiet().nothrow().text()),
    lines($`nft list ruleset`.quiet().nothrow().text(), (line) =>
      line.replace(/counter packets \d+ bytes \d+/, "counter"),
    ),
    lines($`find /sys/fs/cgroup -type d -path ${`*${marks.cgroup}*`}`.quiet().nothrow().text()),
    readProcesses(marks.process),
  ]);
  return { mounts, links, addresses, routes, firewall, cgroups, processes };
}

/** What is there now and was not before: `mounts: /x`. */
export function leftBehind(before: HostState, after: HostState): string[] {
  return (Object.keys(after) as (keyof HostState)[]).flatMap((kind) => {
    const known = new Set(before[kind]);
    return after[kind].filter((line) => !known.has(line)).map((line) => `${kind}: ${line}`);
  });
}

async function lines(text: Promise<string>, clean = (line: string) => line): Promise<string[]> {
  return (await text)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(clean);
}

async function readMounts(): Promise<string[]> {
  const text = await readFile("/proc/self/mountinfo", "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => line.split(" ")[4] ?? line)
    .filter((path) => path !== MADE_FIT);
}

async function processIds(): Promise<string[]> {
  return (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
}

async function readProcesses(marker: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await processIds()) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command.includes(marker) && pid !== String(process.pid)) {
      found.push(`${pid} ${command.replaceAll("\0", " ")}`);
    }
  }
  return found;
}
