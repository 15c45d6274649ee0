import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "../../../linux/errno.ts";
import { close, openInRoot } from "../../../linux/file.ts";
import { openRoot } from "../../../linux/in-root.ts";
import { bindMount, unmount } from "../../../linux/mount.ts";
import { mountOverlay } from "../../../linux/overlay.ts";
import { fstat, isDirectory } from "../../../linux/stat.ts";
import { invalidArgument } from "../../../spec/index.ts";

const O_PATH = 0o10000000;

/**
 * Places that a runtime mounts from and that have to stay what they are until it has done so: sub-paths,
 * mounted aside so that nobody can put a symlink in their way, and trees of images. They stand below a
 * directory of the container's bundle; close them when the container runs.
 */
export class HeldPlaces {
  readonly #directory: string;
  readonly #mountPoints: string[] = [];
  #count = 0;

  constructor(bundle: string) {
    this.#directory = join(bundle, "places");
  }

  /** What stands at `subpath` inside of `root`, symlinks resolved in it. `invalid-argument` if nothing does. */
  subpath(root: string, subpath: string): string {
    const directory = openRoot(root);
    try {
      const fd = openInRoot(directory, subpath, O_PATH);
      try {
        const place = this.#place(isDirectory(fstat(fd)) ? "directory" : "file");
        bindMount(`/proc/self/fd/${fd}`, place, { recursive: true });
        this.#mountPoints.push(place);
        return place;
      } finally {
        close(fd);
      }
    } catch (error) {
      if (!isErrno(error, Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP)) throw error;
      const path = join(root, subpath);
      throw invalidArgument(
        `cannot access path ${path}: lstat ${path}: no such file or directory`,
        error,
      );
    } finally {
      close(directory);
    }
  }

  /** The tree of an image, to be mounted read-only; `lower` are its layers, topmost first. */
  image(lower: readonly string[]): string {
    const [only] = lower;
    // The kernel wants two layers for an overlay without an upper directory.
    if (lower.length === 1 && only !== undefined) return only;
    const place = this.#place("directory");
    if (lower.length === 0) return place;
    mountOverlay({ target: place, lower });
    this.#mountPoints.push(place);
    return place;
  }

  #place(kind: "directory" | "file"): string {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const place = join(this.#directory, String(this.#count++));
    if (kind === "directory") mkdirSync(place, { recursive: true });
    else writeFileSync(place, "");
    return place;
  }

  close(): void {
    for (const place of this.#mountPoints.splice(0).reverse()) unmount(place, { detach: true });
  }
}

/** Unmounts what a daemon that was killed in the middle of a start has left of a container's places. */
export function unmountPlaces(bundle: string): void {
  for (
    let count = 0;
    statSync(join(bundle, "places", String(count)), { throwIfNoEntry: false });
    count++
  ) {
    unmount(join(bundle, "places", String(count)), { detach: true });
  }
}

/** Whom a file or directory belongs to is root in the container; everybody else stays who they are. */
export function ownerAsRoot(source: string): string | undefined {
  const { uid, gid } = statSync(source);
  if (uid === 0 && gid === 0) return undefined;
  return `uids=${swappedWithRoot(uid)};gids=${swappedWithRoot(gid)}`;
}

const LAST_ID = 2 ** 32 - 2;

function swappedWithRoot(id: number): string {
  if (id === 0) return `0-0-${LAST_ID + 1}`;
  const below = id > 1 ? [`1-1-${id - 1}`] : [];
  return [`${id}-0-1`, ...below, `${id + 1}-${id + 1}-${LAST_ID - id}`].join("#");
}
