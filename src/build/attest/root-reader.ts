import { constants, fstatSync, readdirSync, readFileSync } from "node:fs";
import { close, openInRoot } from "../../linux/file.ts";
import { openRoot } from "../../linux/in-root.ts";

const O_PATH = 0o10000000;

/** Reads files of a tree that somebody else has made: links do not lead out of it, only regular files count. */
export class RootReader implements Disposable {
  readonly #root: number;

  constructor(path: string) {
    this.#root = openRoot(path);
  }

  /** `undefined` where there is no regular file, or a larger one. `limit` in bytes. */
  read(path: string, limit: number): string | undefined {
    return this.#open(path, O_PATH, (fd) => {
      const status = fstatSync(fd);
      if (!status.isFile() || status.size > limit) return undefined;
      return readFileSync(`/proc/self/fd/${fd}`, "utf8");
    });
  }

  /** Names and whether each is a directory itself, no link to one; in byte order. */
  list(path: string): { name: string; isDirectory: boolean }[] {
    const found = this.#open(path, O_PATH | constants.O_DIRECTORY, (fd) =>
      readdirSync(`/proc/self/fd/${fd}`, { withFileTypes: true }),
    );
    return (found ?? [])
      .map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #open<T>(path: string, flags: number, use: (fd: number) => T): T | undefined {
    let fd: number;
    try {
      fd = openInRoot(this.#root, path === "" ? "." : path, flags);
    } catch {
      // Not there, or a link to nowhere.
      return undefined;
    }
    try {
      return use(fd);
    } finally {
      close(fd);
    }
  }

  [Symbol.dispose](): void {
    close(this.#root);
  }
}
