import { isIP } from "node:net";
import { MountFlag } from "../../linux/mount.ts";
import { parseByteSize } from "../../spec/byte-size.ts";
import { EngineError, invalidArgument } from "../../spec/index.ts";
import { whyNoQuota } from "./directory-quota.ts";

export type VolumeOptions = Readonly<Record<string, string>>;

/** Words of mount(8)'s `-o` that are flags of mount(2); the rest goes to the file system. */
const FLAGS: Record<string, number> = {
  ro: MountFlag.readOnly,
  nosuid: MountFlag.noSuid,
  nodev: MountFlag.noDevices,
  noexec: MountFlag.noExec,
  sync: MountFlag.synchronous,
  dirsync: MountFlag.directorySynchronous,
  noatime: MountFlag.noAccessTime,
  nodiratime: MountFlag.noDirectoryAccessTime,
  relatime: MountFlag.relativeAccessTime,
  strictatime: MountFlag.strictAccessTime,
  bind: MountFlag.bind,
  rbind: MountFlag.bind | MountFlag.recursive,
};
const NO_FLAGS = new Set(["rw", "suid", "dev", "exec", "async", "atime", "diratime", "defaults"]);
/** Mounting these asks a server or reads a disk: it may take long, or never end. */
const AT_ONCE = new Set(["none", "bind", "tmpfs", "overlay", "ramfs", "proc", "sysfs"]);
const BY_ADDRESS = /^(?:nfs4?|cifs|smb3)$/;

const KNOWN_OPTIONS: readonly string[] = ["type", "o", "device", "size"];

/** What the volume may hold, bytes; 0: as much as there is. */
export function sizeLimit(options: VolumeOptions): number {
  const { size } = options as Record<string, string | undefined>;
  if (size === undefined) return 0;
  try {
    return parseByteSize(size);
  } catch (error) {
    throw invalidArgument(`invalid size: '${size}'`, error);
  }
}

/** Docker's check of the local driver's options, for a volume below `directory`. */
export function checkVolumeOptions(options: VolumeOptions, directory: string): void {
  const unknown = Object.keys(options).find((key) => !KNOWN_OPTIONS.includes(key));
  if (unknown !== undefined) {
    throw invalidArgument(`invalid option: "${unknown}"`);
  }
  if (sizeLimit(options) > 0) {
    const why = whyNoQuota(directory);
    if (why !== undefined) {
      throw new EngineError(
        "failed-precondition",
        `quota size requested but no quota support (${why})`,
      );
    }
  }
  const given = ["type", "o", "device"].filter((key) => (options[key] ?? "") !== "");
  if (given.length === 0) return;
  for (const key of ["device", "type"]) {
    if ((options[key] ?? "") === "") throw invalidArgument(`missing required option: "${key}"`);
  }
}

/** Does something have to be mounted before the volume can be used? */
export function needsMount(options: VolumeOptions): boolean {
  return (options["device"] ?? "") !== "";
}

/** May mounting take longer than a daemon with other users can stand still? */
export function mountsSlowly(options: VolumeOptions): boolean {
  const bind = (mountFlags(options).flags & MountFlag.bind) !== 0;
  return needsMount(options) && !bind && !AT_ONCE.has(options["type"] ?? "none");
}

/** A host's name in `addr=` that the kernel wants as an address. */
export function serverName(options: VolumeOptions): string | undefined {
  if (!BY_ADDRESS.test(options["type"] ?? "")) return undefined;
  const name = words(options)
    .find((word) => word.startsWith("addr="))
    ?.slice("addr=".length);
  return name === undefined || name === "" || isIP(name) !== 0 ? undefined : name;
}

export function withAddress(options: VolumeOptions, address: string): VolumeOptions {
  const changed = words(options).map((word) =>
    word.startsWith("addr=") ? `addr=${address}` : word,
  );
  return { ...options, o: changed.join(",") };
}

/** What mount(2) takes: its flags, and the words for the file system. */
export function mountFlags(options: VolumeOptions): { flags: number; data: string } {
  const all = words(options);
  return {
    flags: all.reduce((flags, word) => flags | (FLAGS[word] ?? 0), 0),
    data: all.filter((word) => FLAGS[word] === undefined && !NO_FLAGS.has(word)).join(","),
  };
}

const words = (options: VolumeOptions): string[] =>
  (options["o"] ?? "").split(",").filter((word) => word !== "");
