import { lookup } from "node:dns/promises";
import { Errno, SyscallError } from "../../linux/errno.ts";
import { MountFlag, mount, unmountInBackground } from "../../linux/mount.ts";
import { selfCommand } from "../../linux/self-command.ts";
import { lstatIfAny } from "../../linux/stat.ts";
import { EngineError, errorMessage } from "../../spec/index.ts";
import { mountFlags, serverName, type VolumeOptions, withAddress } from "./volume-options.ts";

/** How long a server or disk gets until a mount counts as failed. Milliseconds. */
const PATIENCE = 60_000;

export interface VolumeMount {
  name: string;
  mountpoint: string;
  options: VolumeOptions;
}

const isMounted = (mountpoint: string): boolean => lstatIfAny(mountpoint)?.mountRoot === true;

/** Idempotent. */
export function mountVolume(volume: VolumeMount): void {
  if (isMounted(volume.mountpoint)) return;
  try {
    mountNow(volume);
  } catch (error) {
    throw mountError(volume, error);
  }
}

function mountNow({ mountpoint, options }: VolumeMount): void {
  const { flags, data } = mountFlags(options);
  mount(options["device"], mountpoint, options["type"] ?? "none", flags, data);
  // The kernel ignores other flags of a bind mount at first (mount(2)).
  const others = flags & ~(MountFlag.bind | MountFlag.recursive);
  if ((flags & MountFlag.bind) !== 0 && others !== 0) {
    mount(undefined, mountpoint, undefined, MountFlag.remount | MountFlag.bind | others);
  }
}

/**
 * As `mountVolume`, in a process of its own: a server that does not answer keeps nobody else waiting. A
 * server's name in the options is resolved, as mount(8)'s helpers do.
 */
export async function mountVolumeAside(volume: VolumeMount): Promise<void> {
  if (isMounted(volume.mountpoint)) return;
  const request: VolumeMount = { ...volume, options: await resolved(volume) };
  const child = Bun.spawn([...selfCommand(), "mount-volume", JSON.stringify(request)], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    timeout: PATIENCE,
    killSignal: "SIGKILL",
    env: { PATH: process.env["PATH"] ?? "" },
  });
  const told = new Response(child.stderr).text();
  // One that hangs in the kernel is not to be waited for either.
  const ended = await Promise.race([
    child.exited,
    Bun.sleep(PATIENCE + 1000).then(() => undefined),
  ]);
  if (ended === 0) return;
  if (ended === undefined || child.signalCode !== null) {
    throw mountError(volume, new Error(`no answer within ${PATIENCE / 1000} seconds`));
  }
  const number = Number((await told).trim());
  throw mountError(volume, new SyscallError("mount", number, volume.mountpoint));
}

/** `berth mount-volume <volume as JSON>`: says nothing, or the errno. */
export function runMountVolume(argument: string): never {
  try {
    mountNow(JSON.parse(argument) as VolumeMount);
    process.exit(0);
  } catch (error) {
    process.stderr.write(String(error instanceof SyscallError ? error.errno : Errno.EINVAL));
    process.exit(1);
  }
}

async function resolved(volume: VolumeMount): Promise<VolumeOptions> {
  const server = serverName(volume.options);
  if (server === undefined) return volume.options;
  try {
    return withAddress(volume.options, (await lookup(server)).address);
  } catch (error) {
    throw mountError(
      volume,
      new Error(`error resolving passed in network volume address: ${errorMessage(error)}`),
    );
  }
}

export function unmountVolume(mountpoint: string): void {
  if (isMounted(mountpoint)) unmountInBackground(mountpoint);
}

/** Docker's sentence, and behind it which volume that is and what can be done. */
function mountError(volume: VolumeMount, cause: unknown): EngineError {
  const { name, mountpoint, options } = volume;
  const { type = "none", device = "" } = options as Record<string, string | undefined>;
  const { flags, data } = mountFlags(options);
  const how = [
    flags === 0 ? "" : `, flags: 0x${flags.toString(16)}`,
    data === "" ? "" : `, data: ${data}`,
  ];
  return new EngineError(
    "internal",
    `error while mounting volume '${mountpoint}': failed to mount local volume: mount ` +
      `${device}:${mountpoint}${how.join("")}: ${reason(cause)} ` +
      `(volume "${name}", type ${type}, device ${device}: ${advice(volume, cause)})`,
    { cause },
  );
}

function reason(cause: unknown): string {
  const text = errorMessage(cause);
  // The kernel's words as Go writes them.
  return cause instanceof SyscallError
    ? (/: ([^:]+) \([\w ]+\)$/.exec(text)?.[1] ?? text).toLowerCase()
    : text;
}

function advice({ options }: VolumeMount, cause: unknown): string {
  const { type = "none", device = "" } = options as Record<string, string | undefined>;
  switch (cause instanceof SyscallError ? cause.errno : 0) {
    case Errno.ENOENT:
      return `make "${device}" and what the options name first`;
    case Errno.ENODEV:
      return `this kernel has no file system "${type}"`;
    case Errno.ENOTBLK:
      return "that is no block device";
    case Errno.EBUSY:
      return "it is in use elsewhere, in another way";
    case Errno.EINVAL:
      return "check the type, and the options in o";
    case Errno.EACCES:
    case Errno.EPERM:
      return "it may not be mounted from here: ask who exports it";
    case 0:
    case Errno.ETIMEDOUT:
    case Errno.ECONNREFUSED:
    case Errno.EHOSTUNREACH:
    case Errno.ENETUNREACH:
      return "check addr= in o, and that its server can be reached";
    default:
      return "remove the volume and create it with other options, if that is not to be";
  }
}
