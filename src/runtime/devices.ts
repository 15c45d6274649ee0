import { lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "../linux/errno.ts";
import {
  type DeviceMapping,
  errorMessage,
  type HostConfig,
  invalidArgument,
  type RuntimeDevice,
  type RuntimeDeviceRule,
} from "../spec/index.ts";

/** Docker's rules on top of those that every OCI runtime adds by itself; 10:229 is fuse. */
const DEFAULT_RULES: readonly RuntimeDeviceRule[] = [
  { allow: false, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 5, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 9, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 8, access: "rwm" },
  { allow: true, type: "c", major: 5, minor: 0, access: "rwm" },
  { allow: true, type: "c", major: 5, minor: 1, access: "rwm" },
  { allow: false, type: "c", major: 10, minor: 229, access: "rwm" },
];
const EVERYTHING: readonly RuntimeDeviceRule[] = [{ allow: true, access: "rwm" }];

/** Below `/dev` of the host, but not devices that a container should share. */
const NOT_SHARED = new Set([
  "pts",
  "shm",
  "fd",
  "mqueue",
  ".lxc",
  ".lxd-mounts",
  ".udev",
  "console",
]);
const RULE = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/;

export interface ContainerDevices {
  devices: RuntimeDevice[];
  rules: RuntimeDeviceRule[];
}

/** gnu_dev_major(3) and gnu_dev_minor(3). */
function splitDeviceNumber(rdev: number): { major: number; minor: number } {
  const number = BigInt(rdev);
  return {
    major: Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n)),
    minor: Number((number & 0xffn) | ((number >> 12n) & 0xffffff00n)),
  };
}

/** major:minor of a device node; Docker's `stat /x: no such file or directory`. */
export function deviceNumber(path: string): { major: number; minor: number } {
  let stat: Stats;
  try {
    stat = statSync(path);
  } catch (error) {
    throw invalidArgument(`stat ${path}: ${reason(error)}`);
  }
  return splitDeviceNumber(stat.rdev);
}

function reason(error: unknown): string {
  if (isErrno(error, Errno.ENOENT)) return "no such file or directory";
  if (isErrno(error, Errno.EACCES)) return "permission denied";
  return errorMessage(error);
}

function toDevice(stat: Stats, path: string): RuntimeDevice | undefined {
  if (!stat.isBlockDevice() && !stat.isCharacterDevice()) return undefined;
  return {
    type: stat.isBlockDevice() ? "b" : "c",
    path,
    ...splitDeviceNumber(stat.rdev),
    fileMode: stat.mode & 0o777,
    uid: stat.uid,
    gid: stat.gid,
  };
}

/** Device nodes below a folder of the host, with their paths in the container; links are not followed. */
function walk(folder: string, containerFolder: string): RuntimeDevice[] {
  return readdirSync(folder).flatMap((name) => {
    if (NOT_SHARED.has(name)) return [];
    const path = join(folder, name);
    let stat: Stats;
    try {
      stat = lstatSync(path);
    } catch (error) {
      // Nodes come and go with the hardware.
      if (isErrno(error, Errno.ENOENT)) return [];
      throw error;
    }
    const target = join(containerFolder, name);
    if (stat.isDirectory()) return walk(path, target);
    const device = toDevice(stat, target);
    return device === undefined ? [] : [device];
  });
}

function failure(path: string, why: string) {
  return invalidArgument(
    `error gathering device information while adding custom device "${path}": ${why}`,
  );
}

function resolveMapping(mapping: DeviceMapping): RuntimeDevice[] {
  const target = mapping.PathInContainer || mapping.PathOnHost;
  let path: string;
  let stat: Stats;
  try {
    path = realpathSync(mapping.PathOnHost);
    stat = lstatSync(path);
  } catch (error) {
    throw failure(mapping.PathOnHost, reason(error));
  }
  if (stat.isDirectory()) {
    const found = walk(path, target);
    if (found.length === 0) throw failure(mapping.PathOnHost, "not a device node");
    return found;
  }
  const device = toDevice(stat, target);
  if (device === undefined) throw failure(mapping.PathOnHost, "not a device node");
  return [device];
}

const ruleOf = (device: RuntimeDevice, access: string): RuntimeDeviceRule => ({
  allow: true,
  type: device.type === "b" ? "b" : "c",
  major: device.major,
  minor: device.minor,
  access,
});

/** `c 13:* rmw` → a rule; a wildcard is left out. */
export function parseDeviceRule(text: string): RuntimeDeviceRule {
  const [, type, major, minor, access] = RULE.exec(text) ?? [];
  if (type === undefined || access === undefined) {
    throw invalidArgument(`invalid device cgroup rule format: '${text}'`);
  }
  return {
    allow: true,
    type: type as "a" | "b" | "c",
    ...(major === "*" ? {} : { major: Number(major) }),
    ...(minor === "*" ? {} : { minor: Number(minor) }),
    access,
  };
}

/**
 * Device nodes beyond those that every OCI runtime makes, and the rules of the device cgroup. A link is
 * resolved; a folder stands for all nodes in it. Throws Docker's message for what is no device.
 */
export function resolveDevices(
  hostConfig: Pick<HostConfig, "Privileged" | "Devices" | "DeviceCgroupRules">,
): ContainerDevices {
  const custom = (hostConfig.Devices ?? []).map((mapping) => ({
    access: mapping.CgroupPermissions || "rwm",
    found: resolveMapping(mapping),
  }));
  const named = custom.flatMap((entry) => entry.found);
  if (hostConfig.Privileged) {
    const taken = new Set(named.map((device) => device.path));
    const shared = walk("/dev", "/dev").filter((device) => !taken.has(device.path));
    return { devices: [...shared, ...named], rules: [...EVERYTHING] };
  }
  return {
    devices: named,
    rules: [
      ...DEFAULT_RULES,
      ...custom.flatMap(({ access, found }) => found.map((device) => ruleOf(device, access))),
      ...(hostConfig.DeviceCgroupRules ?? []).map(parseDeviceRule),
    ],
  };
}
