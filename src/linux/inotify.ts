import { FFIType } from "bun:ffi";
import { check, Errno, errno, SyscallError } from "./errno.ts";
import { close } from "./file.ts";
import { bindLibc, cString } from "./libc.ts";

const { i32, u32, ptr } = FFIType;
const libc = bindLibc({
  inotify_init1: { args: [i32], returns: i32 },
  inotify_add_watch: { args: [i32, ptr, u32], returns: i32 },
  inotify_rm_watch: { args: [i32, i32], returns: i32 },
});

const IN_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
// inotify(7): MODIFY, MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF, MOVE_SELF.
const CHANGES = 0x2 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800;

interface EventReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<unknown>;
}

/**
 * Directory watches. All share one inotify instance, of which the system allows a user only few
 * (fs.inotify.max_user_instances); it is closed with the last watch.
 */
export class DirectoryWatcher {
  #fd = -1;
  #reader: EventReader | undefined;
  readonly #listeners = new Map<number, Set<() => void>>();

  /**
   * Calls back after something in the directory was made, changed, renamed or removed; many changes may
   * make one call. Returns the end of it. Throws ENOENT.
   */
  watch(path: string, onChange: () => void): () => void {
    if (this.#fd < 0) this.#open();
    const watch = libc.inotify_add_watch(this.#fd, cString(path), CHANGES);
    if (watch < 0) {
      const number = errno();
      if (this.#listeners.size === 0) this.#close();
      throw new SyscallError("inotify_add_watch", number, path);
    }
    const listeners = this.#listeners.get(watch) ?? new Set();
    this.#listeners.set(watch, listeners);
    // The same function may watch twice.
    const listener = (): void => onChange();
    listeners.add(listener);
    return () => this.#unwatch(watch, listener);
  }

  #unwatch(watch: number, listener: () => void): void {
    const listeners = this.#listeners.get(watch);
    if (listeners?.delete(listener) !== true || listeners.size > 0) return;
    this.#listeners.delete(watch);
    // EINVAL: the directory is gone, and its watch with it.
    if (libc.inotify_rm_watch(this.#fd, watch) < 0 && errno() !== Errno.EINVAL) {
      throw new SyscallError("inotify_rm_watch", errno());
    }
    if (this.#listeners.size === 0) this.#close();
  }

  #open(): void {
    this.#fd = check(libc.inotify_init1(IN_NONBLOCK_CLOEXEC), "inotify_init1");
    const reader = Bun.file(this.#fd).stream().getReader();
    this.#reader = reader;
    void this.#run(reader);
  }

  #close(): void {
    const fd = this.#fd;
    this.#fd = -1;
    void this.#reader?.cancel().then(() => close(fd));
    this.#reader = undefined;
  }

  async #run(reader: EventReader): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value === undefined || this.#reader !== reader) return;
      for (const watch of watchesIn(value)) this.#tell(watch);
    }
  }

  #tell(watch: number): void {
    const OVERFLOW = -1;
    const sets = watch === OVERFLOW ? this.#listeners.values() : [this.#listeners.get(watch) ?? []];
    for (const listeners of sets) {
      for (const listener of [...listeners]) listener();
    }
  }
}

/** The watch descriptors named by a buffer of struct inotify_event. */
function watchesIn(bytes: Uint8Array): Set<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const watches = new Set<number>();
  for (let at = 0; at + 16 <= bytes.length; at += 16 + view.getUint32(at + 12, true)) {
    watches.add(view.getInt32(at, true));
  }
  return watches;
}
