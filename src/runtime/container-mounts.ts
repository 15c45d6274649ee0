import { statSync } from "node:fs";
import { posix } from "node:path";
import { invalidArgument, type RuntimeMount } from "../spec/index.ts";
import { type DefaultMountOptions, defaultMounts } from "./default-mounts.ts";
import { sharedPeerGroups } from "./mount-propagation.ts";
import type {
  ResolvedBindMount,
  ResolvedMount,
  ResolvedTmpfsMount,
} from "./runtime-spec-request.ts";

/** mount_setattr(2), which makes a whole tree read-only, is in Linux since 5.12. */
const RECURSIVE_READONLY_KERNEL = 5012;

/** mount(8) options of a tmpfs; anything else is refused as Docker does. */
const TMPFS_FLAGS = new Set(
  (
    "async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev " +
    "nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid private " +
    "rprivate rshared rslave rw ro relatime remount shared silent slave strictatime suid sync"
  ).split(" "),
);
const TMPFS_VALUES = new Set(["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"]);
/** Options of which the later takes the earlier's place. */
const OPPOSITES: Readonly<Record<string, string>> = {
  exec: "noexec",
  noexec: "exec",
  suid: "nosuid",
  nosuid: "suid",
  dev: "nodev",
  nodev: "dev",
  ro: "rw",
  rw: "ro",
};

/** Puts a tmpfs's options over the defaults; throws Docker's message for one that is unknown. */
export function mergeTmpfsOptions(asked: readonly string[]): string[] {
  const merged = new Map<string, string>();
  for (const option of ["noexec", "nosuid", "nodev", "rprivate", ...asked]) {
    if (option === "" || option === "defaults") continue;
    const [key = "", value] = option.split("=", 2);
    if (value === undefined ? !TMPFS_FLAGS.has(key) : !TMPFS_VALUES.has(key)) {
      // Docker's words: Go prints the two parts of it as a list.
      throw invalidArgument(`invalid tmpfs option ["${option.replace("=", '" "')}"]`);
    }
    const opposite = OPPOSITES[key];
    if (opposite !== undefined) merged.delete(opposite);
    merged.set(key, option);
  }
  return [...merged.values()];
}

function tmpfsMount(mount: ResolvedTmpfsMount): RuntimeMount {
  const options = mergeTmpfsOptions([
    ...(mount.options ?? []),
    ...(mount.readOnly === true ? ["ro"] : []),
  ]);
  return { destination: mount.destination, type: "tmpfs", source: "tmpfs", options };
}

function readonlyOption(mount: ResolvedBindMount, kernel: number): string[] {
  if (!mount.readOnly) return [];
  const wish = mount.recursiveReadOnly ?? "if-possible";
  // Nothing is mounted below a file, and crun opens what is to be recursive as a directory.
  const single = mount.recursive === false || !isDirectory(mount.source);
  if (wish === "never" || single) return ["ro"];
  if (kernel >= RECURSIVE_READONLY_KERNEL) return ["rro"];
  if (wish === "if-possible") return ["ro"];
  throw invalidArgument(
    `mount destination "${mount.destination}" was requested to be recursive read-only, but the kernel is older than 5.12`,
  );
}

/** A source that is missing is the runtime's to complain about. */
const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

function bindMount(mount: ResolvedBindMount, kernel: number): RuntimeMount {
  const propagation = mount.propagation ?? "rprivate";
  const single = mount.recursive === false;
  const options = [
    single ? "bind" : "rbind",
    ...readonlyOption(mount, kernel),
    // crun takes the recursion of a propagation for one of the bind.
    single ? propagation.replace(/^r/, "") : propagation,
    // crun(1), "idmap mount options".
    ...(mount.idmap === undefined ? [] : [`idmap=${mount.idmap}`]),
  ];
  return { destination: mount.destination, type: "bind", source: mount.source, options };
}

const depth = (path: string): number => path.split("/").filter(Boolean).length;

/** Is `path` at or below `folder`? */
const within = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}/`);

/** Default mounts that a user's mount does not take the place of. */
function remaining(defaults: readonly RuntimeMount[], taken: ReadonlySet<string>): RuntimeMount[] {
  return defaults.filter(
    ({ destination }) =>
      !taken.has(destination) && !(within(destination, "/dev") && taken.has("/dev")),
  );
}

/** With a read-only root Docker leaves these writable: they belong to the container alone. */
const WRITABLE = new Set(["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"]);

function withReadonlyRoot(mounts: readonly RuntimeMount[]): RuntimeMount[] {
  return mounts.map((mount) => {
    const options = mount.options ?? [];
    if (WRITABLE.has(mount.destination) || options.includes("ro")) return mount;
    return { ...mount, options: [...options, "ro"] };
  });
}

/**
 * How the root has to propagate so that the user's mounts can: what they ask for has to be possible with
 * their source. Undefined is the runtime's default, private.
 */
export function rootPropagation(mounts: readonly ResolvedMount[]): string | undefined {
  let slave = false;
  let shared = false;
  for (const mount of mounts) {
    if (mount.type !== "bind") continue;
    const wish = mount.propagation ?? "rprivate";
    if (wish.endsWith("private")) continue;
    const source = sharedPeerGroups(mount.source);
    if (wish.endsWith("shared")) {
      if (!source.shared) {
        throw invalidArgument(
          `path ${mount.source} is mounted on ${source.mountPoint} but it is not a shared mount`,
        );
      }
      shared = true;
    } else {
      if (!source.shared && !source.slave) {
        throw invalidArgument(
          `path ${mount.source} is mounted on ${source.mountPoint} but it is not a shared or slave mount`,
        );
      }
      slave = true;
    }
  }
  if (shared) return "shared";
  return slave ? "rslave" : undefined;
}

/** Default and user's mounts together, parents before children. */
export function createMounts(
  mounts: readonly ResolvedMount[],
  options: DefaultMountOptions,
  kernel: number,
): RuntimeMount[] {
  const cleaned = mounts.map((mount) => ({
    ...mount,
    destination: posix.join("/", mount.destination).replace(/(.)\/$/, "$1"),
  }));
  const taken = new Set(cleaned.map((mount) => mount.destination));
  const kept = remaining(defaultMounts(options), taken);
  const users = cleaned
    .map((mount) => (mount.type === "bind" ? bindMount(mount, kernel) : tmpfsMount(mount)))
    .sort((one, other) => depth(one.destination) - depth(other.destination));
  return [...(options.readonlyRootfs ? withReadonlyRoot(kept) : kept), ...users];
}
