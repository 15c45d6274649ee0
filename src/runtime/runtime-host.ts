import { existsSync, readdirSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { type CgroupHost, detectCgroups } from "../linux/cgroup/cgroup-host.ts";
import { detectLimitSupport } from "../linux/cgroup/limit-support.ts";
import { Errno, isErrno } from "../linux/errno.ts";
import { capabilitiesOfMask } from "./capabilities.ts";
import type { RuntimeHost } from "./runtime-spec-request.ts";

const INIT_NAMES = ["docker-init", "tini-static", "catatonit"];
const INIT_FOLDERS = [
  "/usr/libexec/docker",
  "/usr/local/bin",
  "/usr/bin",
  "/bin",
  "/usr/sbin",
  "/sbin",
  "/usr/libexec/podman",
  "/usr/libexec/catatonit",
  "/usr/lib/podman",
];
/** proc_pid_limits(5) → names of ulimits. */
const LIMIT_LINES: Readonly<Record<string, string>> = {
  "Max cpu time": "cpu",
  "Max file size": "fsize",
  "Max data size": "data",
  "Max stack size": "stack",
  "Max core file size": "core",
  "Max resident set": "rss",
  "Max processes": "nproc",
  "Max open files": "nofile",
  "Max locked memory": "memlock",
  "Max address space": "as",
  "Max file locks": "locks",
  "Max pending signals": "sigpending",
  "Max msgqueue size": "msgqueue",
  "Max nice priority": "nice",
  "Max realtime priority": "rtprio",
  "Max realtime timeout": "rttime",
};

/** Hard limits out of the text of `/proc/<pid>/limits`. */
export function parseHardLimits(text: string): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const line of text.split("\n").slice(1)) {
    const [, label = "", , hard] = /^(.*?)\s{2,}(\S+)\s+(\S+)/.exec(line) ?? [];
    const name = LIMIT_LINES[label];
    if (name === undefined || hard === undefined) continue;
    limits[name] = hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
  }
  return limits;
}

/** `6.18.44-x` → 6018. */
export function kernelNumber(text: string): number {
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return Number(major) * 1000 + Number(minor);
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isErrno(error, Errno.ENOENT, Errno.EACCES, Errno.ENOTDIR)) return otherwise;
    throw error;
  }
}

/** ELF program header 3 (PT_INTERP) names a loader, which an image need not have. */
function isStatic(path: string): boolean {
  const file = readFileSync(path);
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46) return false;
  const offset = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);
  const count = file.readUInt16LE(56);
  for (let index = 0; index < count; index++) {
    if (file.readUInt32LE(offset + index * size) === 3) return false;
  }
  return true;
}

/** An init that runs in any image: statically linked, from the distribution. */
export function findInit(override?: string): RuntimeHost["init"] {
  if (override !== undefined && existsSync(override)) return { path: override };
  for (const name of INIT_NAMES) {
    for (const folder of INIT_FOLDERS) {
      const path = join(folder, name);
      if (existsSync(path) && isStatic(path)) return { path };
    }
  }
  return {
    missing: "no static init found; install tini (tini-static), docker-init or catatonit",
  };
}

function detectAppArmor(): RuntimeHost["appArmor"] {
  const on = readOr("/sys/module/apparmor/parameters/enabled", "N").startsWith("Y");
  if (!on) return { enabled: false };
  const profiles = readOr("/sys/kernel/security/apparmor/profiles", "");
  const loaded = ["berth-default", "docker-default"].find((name) => profiles.includes(`${name} (`));
  return { enabled: true, ...(loaded === undefined ? {} : { defaultProfile: loaded }) };
}

/** One folder per processor that tells of its temperature, and so of what its neighbours do. */
function thermalPaths(): string[] {
  const root = "/sys/devices/system/cpu";
  if (!existsSync(join(root, "cpu0/thermal_throttle"))) return [];
  return readdirSync(root)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => join(root, name, "thermal_throttle"));
}

export interface RuntimeHostOptions {
  /** `exec-opts native.cgroupdriver`; default systemd where it runs and v2 is mounted. */
  cgroupDriver?: "cgroupfs" | "systemd";
  /** `--init-path`. */
  initPath?: string;
  cgroup?: CgroupHost;
}

/** Looks at the host once, at the daemon's start. */
export function detectRuntimeHost(options: RuntimeHostOptions = {}): RuntimeHost {
  const cgroup = options.cgroup ?? detectCgroups();
  const systemd = existsSync("/run/systemd/system");
  const status = readFileSync("/proc/self/status", "utf8");
  const mask = (field: string) =>
    BigInt(`0x${new RegExp(`^${field}:\\s*([0-9a-f]+)`, "m").exec(status)?.[1] ?? "0"}`);
  const held = capabilitiesOfMask((mask("CapPrm") & mask("CapBnd")).toString(16));
  return {
    cgroup,
    limits: detectLimitSupport(cgroup),
    cgroupDriver:
      options.cgroupDriver ?? (systemd && cgroup.mode === "v2" ? "systemd" : "cgroupfs"),
    appArmor: detectAppArmor(),
    selinux: existsSync("/sys/fs/selinux/enforce"),
    seccomp: /^Seccomp:/m.test(status),
    kernel: kernelNumber(release()),
    hardLimits: parseHardLimits(readFileSync("/proc/self/limits", "utf8")),
    canRaiseLimits: held.includes("CAP_SYS_RESOURCE"),
    capabilities: held,
    maskedPaths: thermalPaths(),
    init: findInit(options.initPath),
  };
}
