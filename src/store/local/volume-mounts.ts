import { Errno, SyscallError } from "../../linux/errno.ts";
import { MountFlag, mount, unmountInBackground } from "../../linux/mount.ts";
import { lstatIfAny } from "../../linux/stat.ts";
import { EngineError, invalidArgument } from "../../spec/index.ts";

/** Words of mount(8)'s `-o` that are flags of mount(2); the rest goes to the file system. */
const FLAGS: Record<string, number> = {
  ro: MountFlag.readOnly,
  nosuid: MountFlag.noSuid,
  nodev: MountFlag.noDevices,
  noexec: MountFlag.noExec,
  bind: MountFlag.bind,
  rbind: MountFlag.bind | MountFlag.recursive,
};
const NO_FLAGS = new Set(["rw", "suid", "dev", "exec", "defaults"]);

export const KNOWN_OPTIONS: readonly string[] = ["type", "o", "device", "size"];

/** Docker's check of the local driver's options. */
export function checkVolumeOptions(options: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(options).find((key) => !KNOWN_OPTIONS.includes(key));
  if (unknown !== undefined) {
    throw invalidArgument(`invalid option: "${unknown}"`);
  }
  if (options["size"] !== undefined) {
    throw new EngineError("failed-precondition", "quota size requested but no quota support");
  }
  const given = ["type", "o", "device"].filter((key) => (options[key] ?? "") !== "");
  if (given.length === 0) return;
  for (const key of ["device", "type"]) {
    if ((options[key] ?? "") === "") throw invalidArgument(`missing required option: "${key}"`);
  }
}

/** Does something have to be mounted before the volume can be used? */
export function needsMount(options: Readonly<Record<string, string>>): boolean {
  return (options["device"] ?? "") !== "";
}

/** Idempotent. */
export function mountVolume(
  name: string,
  mountpoint: string,
  options: Readonly<Record<string, string>>,
): void {
  if (lstatIfAny(mountpoint)?.mountRoot === true) return;
  const words = (options["o"] ?? "").split(",").filter((word) => word !== "");
  const flags = words.reduce((all, word) => all | (FLAGS[word] ?? 0), 0);
  const data = words.filter((word) => FLAGS[word] === undefined && !NO_FLAGS.has(word));
  try {
    mount(options["device"], mountpoint, options["type"] ?? "none", flags, data.join(","));
    // The kernel ignores other flags of a bind mount at first (mount(2)).
    const others = flags & ~(MountFlag.bind | MountFlag.recursive);
    if ((flags & MountFlag.bind) !== 0 && others !== 0) {
      mount(undefined, mountpoint, undefined, MountFlag.remount | MountFlag.bind | others);
    }
  } catch (error) {
    throw mountError(name, mountpoint, options, error);
  }
}

export function unmountVolume(mountpoint: string): void {
  if (lstatIfAny(mountpoint)?.mountRoot === true) unmountInBackground(mountpoint);
}

function mountError(
  name: string,
  mountpoint: string,
  options: Readonly<Record<string, string>>,
  cause: unknown,
): EngineError {
  const reason =
    cause instanceof SyscallError && cause.errno === Errno.ENOENT
      ? "no such file or directory"
      : cause instanceof Error
        ? cause.message
        : String(cause);
  return new EngineError(
    "internal",
    `error while mounting volume '${mountpoint}': failed to mount local volume: mount ` +
      `${options["device"]}:${mountpoint}, data: ${options["o"] ?? ""}: ${reason} (volume ${name})`,
    { cause },
  );
}
