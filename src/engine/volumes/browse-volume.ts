import { constants, readdirSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import { Errno, isErrno } from "../../linux/errno.ts";
import { close, openInRoot, readlink } from "../../linux/file.ts";
import { openRoot } from "../../linux/in-root.ts";
import { FileType, fstat, isDirectory, lstatIfAny, type Status } from "../../linux/stat.ts";
import {
  invalidArgument,
  notFound,
  type VolumeFile,
  type VolumeUsageReport,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";

type Context = Pick<EngineContext, "store">;

const O_PATH = 0o10000000;
const CHUNK = 256 * 1024;
/** Looking at files is synchronous; everybody else gets a turn after so many. */
const TURN = 500;

const TYPES = new Map<number, VolumeFile["Type"]>([
  [FileType.regular, "file"],
  [FileType.directory, "directory"],
  [FileType.symlink, "symlink"],
  [FileType.character, "character"],
  [FileType.block, "block"],
  [FileType.fifo, "fifo"],
  [FileType.socket, "socket"],
]);

/**
 * What is in a directory of a volume or of `NAME@SNAPSHOT`, by name, or the one file that a path names. The
 * kernel resolves the path inside of the volume, whatever symlinks are there.
 */
export async function listVolumeFiles(
  context: Context,
  ref: string,
  path: string,
): Promise<AsyncIterable<VolumeFile>> {
  const place = await locate(context, ref, path);
  async function* entries(): AsyncGenerator<VolumeFile> {
    try {
      if (!isDirectory(place.status)) {
        yield describe(Buffer.from(baseName(path)), place.status);
        return;
      }
      const directory = `/proc/self/fd/${place.fd}`;
      const names = readdirSync(directory, { encoding: "buffer" }).sort(Buffer.compare);
      for (const [index, name] of names.entries()) {
        if (index % TURN === TURN - 1) await new Promise((resolve) => setImmediate(resolve));
        const own = Buffer.concat([Buffer.from(`${directory}/`), name, Buffer.from([0])]);
        const status = lstatIfAny(own);
        if (status !== undefined) yield describe(name, status, own);
      }
    } finally {
      place.close();
    }
  }
  return entries();
}

/** The bytes of a regular file; symlinks are followed inside of the volume. */
export async function readVolumeFile(
  context: Context,
  ref: string,
  path: string,
): Promise<AsyncIterable<Uint8Array>> {
  const place = await locate(context, ref, path);
  try {
    // Nothing but a regular file is ever opened: a device or FIFO of a container's stays untouched.
    if ((place.status.mode & FileType.mask) !== FileType.regular) {
      const what = TYPES.get(place.status.mode & FileType.mask) ?? "file of another kind";
      throw invalidArgument(`Cannot read "${path}" in volume "${ref}": it is a ${what}`);
    }
    const file = await openFile(`/proc/self/fd/${place.fd}`, "r");
    return chunksOf(file, place.close);
  } catch (error) {
    place.close();
    throw error;
  }
}

async function* chunksOf(
  file: Awaited<ReturnType<typeof openFile>>,
  done: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
    done();
  }
}

/** What a volume and each of its snapshots take. */
export async function volumeSpace(context: Context, name: string): Promise<VolumeUsageReport> {
  const { volumes } = context.store;
  const opened = await volumes.open(name, "measured");
  try {
    const measure = async (ref: string, shown: string) => {
      const { bytes, diskBytes, files } = await volumes.usage(ref);
      return { Name: shown, Size: bytes, DiskSize: diskBytes, Files: files };
    };
    const report: VolumeUsageReport = { ...(await measure(name, name)), Snapshots: [] };
    for (const snapshot of volumes.snapshots(name)) {
      report.Snapshots.push(await measure(`${name}@${snapshot.name}`, snapshot.name));
    }
    return report;
  } finally {
    opened.close();
  }
}

interface Place {
  /** Only names the file (O_PATH), but for directories, which can be listed. */
  fd: number;
  status: Status;
  close(): void;
}

async function locate(context: Context, ref: string, path: string): Promise<Place> {
  const opened = await context.store.volumes.open(ref, "browsed");
  let root: number | undefined;
  try {
    root = openRoot(opened.directory);
    const fd = openInRoot(root, path === "" ? "/" : path, O_PATH);
    const status = fstat(fd);
    const done = () => {
      close(fd);
      opened.close();
    };
    if (!isDirectory(status)) return { fd, status, close: done };
    const listed = openInRoot(fd, ".", constants.O_RDONLY | constants.O_DIRECTORY);
    close(fd);
    return {
      fd: listed,
      status,
      close: () => {
        close(listed);
        opened.close();
      },
    };
  } catch (error) {
    opened.close();
    if (!isErrno(error, Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP)) throw error;
    throw notFound(`Cannot find "${path}" in volume "${ref}": no such file or directory`, error);
  } finally {
    if (root !== undefined) close(root);
  }
}

const baseName = (path: string): string => /([^/]*)\/*$/.exec(path)?.[1] ?? path;

function describe(name: Buffer, status: Status, path?: Uint8Array): VolumeFile {
  const type = TYPES.get(status.mode & FileType.mask) ?? "file";
  return {
    Name: name.toString(),
    Type: type,
    Mode: status.mode & 0o7777,
    Uid: status.uid,
    Gid: status.gid,
    Size: status.size,
    Modified: new Date(status.modified.seconds * 1000).toISOString(),
    ...(type === "symlink" && path !== undefined ? { LinkTarget: readlink(path).toString() } : {}),
  };
}
