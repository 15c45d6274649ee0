import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statfsSync } from "node:fs";

/** magic.h: file systems by statfs(2)'s f_type, named as Docker names them. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: "extfs",
  1481003842: "xfs",
  2435016766: "btrfs",
  16914836: "tmpfs",
  2035054128: "overlayfs",
  801189825: "zfs",
  4076150800: "f2fs",
  26985: "nfs",
  3393526350: "bcachefs",
};

/** What lies under a path; "<unknown>" where it has no name here. */
export function fileSystemName(path: string): string {
  return FILE_SYSTEMS[statfsSync(path).type >>> 0] ?? "<unknown>";
}

/** os-release(5). */
export function parseOsRelease(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, key = "", value = ""] = /^([A-Z_]+)=(.*)$/.exec(line) ?? [];
    if (key !== "") values[key] = value.replace(/^(["'])(.*)\1$/, "$2");
  }
  return values;
}

export function operatingSystem(): { name: string; version: string } {
  const file = ["/etc/os-release", "/usr/lib/os-release"].find((path) => existsSync(path));
  const release = file === undefined ? {} : parseOsRelease(readFileSync(file, "utf8"));
  return {
    name: release["PRETTY_NAME"] ?? release["NAME"] ?? "Linux",
    version: release["VERSION_ID"] ?? "",
  };
}

/** Stays the same for a data root on a machine; in the form of a UUID. */
export function daemonId(dataRoot: string): string {
  const machine = existsSync("/etc/machine-id") ? readFileSync("/etc/machine-id", "utf8") : "";
  const hex = createHash("sha256").update(`${machine.trim()} ${dataRoot}`).digest("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return [...parts, hex.slice(20, 32)].join("-");
}

/** `x86_64`, as uname -m has it. */
export function machineName(): string {
  const names: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };
  return names[process.arch] ?? process.arch;
}

/** Is a switch below /proc/sys on? Absent is off. */
export function sysctlOn(path: string): boolean {
  const file = `/proc/sys/${path}`;
  return existsSync(file) && readFileSync(file, "utf8").trim() === "1";
}

export const openFiles = (): number => readdirSync("/proc/self/fd").length;
export const threads = (): number => readdirSync("/proc/self/task").length;
