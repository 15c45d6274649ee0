import { readFileSync, readlinkSync } from "node:fs";
import { Errno, isErrno } from "../../linux/errno.ts";
import type { ContainerTop } from "../../spec/index.ts";

/** USER_HZ. */
const TICKS_PER_SECOND = 100;
const DAY_SECONDS = 86_400;

const TITLES = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"];

export interface ProcessLine {
  pid: number;
  ppid: number;
  /** Seconds of processor time. */
  cpu: number;
  /** Seconds after boot. */
  started: number;
  /** tty_nr of proc_pid_stat(5); 0 is none. */
  tty: number;
  name: string;
}

/** The text of `/proc/<pid>/stat`; the name may hold blanks and brackets of its own. */
export function parseProcessStat(text: string): ProcessLine {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const fields = text.slice(close + 2).split(" ");
  const number = (field: number) => Number(fields[field - 3] ?? 0);
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    ppid: number(4),
    tty: number(7),
    cpu: (number(14) + number(15)) / TICKS_PER_SECOND,
    started: number(22) / TICKS_PER_SECOND,
  };
}

const two = (value: number): string => String(value).padStart(2, "0");

/** `00:01:02`, with days in front of it where there are some. */
export function formatCpuTime(seconds: number): string {
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / DAY_SECONDS);
  const rest = whole % DAY_SECONDS;
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(":");
  return days === 0 ? clock : `${days}-${clock}`;
}

/** `14:05` today, `Nov25` before, as ps has it. */
function formatStart(milliseconds: number, now: number): string {
  const date = new Date(milliseconds);
  if (now - milliseconds < DAY_SECONDS * 1000)
    return `${two(date.getHours())}:${two(date.getMinutes())}`;
  return `${date.toLocaleString("en-US", { month: "short" })}${two(date.getDate())}`;
}

function ttyOf(pid: number, line: ProcessLine): string {
  if (line.tty === 0) return "?";
  try {
    return readlinkSync(`/proc/${pid}/fd/0`).replace(/^\/dev\//, "");
  } catch {
    return "?";
  }
}

function userNames(): Map<string, string> {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  return new Map(lines.map((line) => [line.split(":")[2] ?? "", line.split(":")[0] ?? ""]));
}

function row(pid: number, names: ReadonlyMap<string, string>, boot: number, now: number): string[] {
  const line = parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? "0";
  const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  const began = (boot + line.started) * 1000;
  const lived = Math.max(1, (now - began) / 1000);
  return [
    names.get(uid) ?? uid,
    String(pid),
    String(line.ppid),
    String(Math.min(99, Math.floor((line.cpu * 100) / lived))),
    formatStart(began, now),
    ttyOf(pid, line),
    formatCpuTime(line.cpu),
    command || `[${line.name}]`,
  ];
}

/** What `ps -ef` prints of these processes, told from /proc. Those that have ended meanwhile are left out. */
export function processTable(pids: readonly number[]): ContainerTop {
  const names = userNames();
  const boot = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? 0);
  const now = Date.now();
  const rows = [...pids]
    .sort((one, other) => one - other)
    .flatMap((pid) => {
      try {
        return [row(pid, names, boot, now)];
      } catch (error) {
        if (isErrno(error, Errno.ENOENT, Errno.ESRCH)) return [];
        throw error;
      }
    });
  return { Titles: TITLES, Processes: rows };
}
