import { type FSWatcher, type Stats, statSync, watch } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Tells of changes at and below a path, which may come into being later, go, and come back. Files are
 * watched by way of their directory: editors put a new file into an old one's place. A directory that is
 * told of stands for everything in it.
 */
export class TreeWatch {
  readonly #path: string;
  readonly #onChange: (path: string) => void;
  #watcher: FSWatcher | undefined;
  #closed = false;
  #present: boolean;

  constructor(path: string, onChange: (path: string) => void) {
    this.#path = path;
    this.#onChange = onChange;
    this.#present = this.#look() !== undefined;
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
  }

  #look(): Stats | undefined {
    return statSync(this.#path, { throwIfNoEntry: false });
  }

  #arm(): void {
    this.#watcher?.close();
    if (this.#closed) return;
    this.#watcher = this.#open();
    this.#watcher.on("error", () => this.#arm());
    // It may have come or gone before the watch was there.
    const present = this.#look() !== undefined;
    if (present !== this.#present) this.#onChange(this.#path);
    this.#present = present;
  }

  #open(): FSWatcher {
    for (;;) {
      try {
        return this.#look()?.isDirectory() ? this.#watchDirectory() : this.#watchAbove();
      } catch (error) {
        // It went after it was looked at; the root of all stays.
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      }
    }
  }

  #watchDirectory(): FSWatcher {
    return watch(this.#path, { recursive: true }, (_event, name) => {
      if (this.#look()?.isDirectory() !== true) this.#arm();
      else if (typeof name === "string" && name !== "") this.#onChange(join(this.#path, name));
    });
  }

  /** The file's directory, or the nearest directory that is there. */
  #watchAbove(): FSWatcher {
    let above = dirname(this.#path);
    while (statSync(above, { throwIfNoEntry: false })?.isDirectory() !== true) {
      above = dirname(above);
    }
    const isParent = above === dirname(this.#path);
    return watch(above, (_event, changed) => {
      const other = typeof changed === "string" && changed !== basename(this.#path);
      // The directory itself may go: then a higher one is watched.
      if (isParent && other && statSync(above, { throwIfNoEntry: false }) !== undefined) return;
      const status = this.#look();
      if (this.#present && status?.isFile()) this.#onChange(this.#path);
      else this.#arm();
    });
  }
}
