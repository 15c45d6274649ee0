import { randomUUID } from "node:crypto";
import {
  access,
  constants,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  unlink,
  utimes,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ByteRange, ObjectBody, ObjectInfo, RegistryStorage } from "../registry-storage.ts";
import { isErrno, unlessMissing } from "./errno.ts";
import { FileReader } from "./file-reader.ts";
import { FileUploads } from "./file-uploads.ts";
import { placeFile } from "./place-file.ts";

/** A directory of a local or shared file system. A key is the path of its file. */
export class FileStorage implements RegistryStorage {
  readonly uploads: FileUploads;
  private readonly reader = new FileReader();

  private constructor(private readonly root: string) {
    this.uploads = new FileUploads(root);
  }

  static async open(root: string): Promise<FileStorage> {
    for (const folder of ["tmp", "uploads"]) await mkdir(join(root, folder), { recursive: true });
    return new FileStorage(root);
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    return await unlessMissing(readFile(this.path(key)));
  }

  async write(key: string, bytes: Uint8Array | string): Promise<void> {
    const temporary = await this.temporary(bytes);
    await this.place(key, (path) => rename(temporary, path));
  }

  async create(key: string, bytes: Uint8Array | string): Promise<boolean> {
    const temporary = await this.temporary(bytes);
    try {
      // link(2) refuses a name that is taken, where rename(2) replaces.
      await this.place(key, (path) => link(temporary, path));
      return true;
    } catch (error) {
      if (isErrno(error, "EEXIST")) return false;
      throw error;
    } finally {
      await unlink(temporary);
    }
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    const found = await unlessMissing(stat(this.path(key)));
    if (found === undefined || !found.isFile()) return undefined;
    return { key, size: found.size, modifiedAt: found.mtimeMs };
  }

  async touch(key: string): Promise<boolean> {
    const now = new Date();
    const done = await unlessMissing(utimes(this.path(key), now, now).then(() => true));
    return done === true;
  }

  async remove(key: string): Promise<void> {
    await unlessMissing(unlink(this.path(key)));
    let directory = dirname(key);
    while (directory.includes("/")) {
      // Fails where something is in it, which is the rule.
      const gone = await rmdir(this.path(directory)).then(
        () => true,
        () => false,
      );
      if (!gone) return;
      directory = dirname(directory);
    }
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    const entries = await unlessMissing(readdir(this.path(prefix), { withFileTypes: true }));
    if (entries === undefined) return;
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const key = `${prefix}/${entry.name}`;
      if (entry.isDirectory()) {
        yield* this.list(key);
        continue;
      }
      const info = await this.stat(key);
      if (info !== undefined) yield info;
    }
  }

  async body(key: string, range?: ByteRange): Promise<ObjectBody> {
    return this.reader.read(this.path(key), range);
  }

  async check(): Promise<void> {
    await access(join(this.root, "tmp"), constants.R_OK | constants.W_OK);
  }

  private path(key: string): string {
    return join(this.root, key);
  }

  private async temporary(bytes: Uint8Array | string): Promise<string> {
    const path = join(this.root, "tmp", randomUUID());
    const file = await open(path, "wx");
    try {
      if (bytes.length > 0) {
        await file.writeFile(bytes);
        await file.datasync();
      }
    } finally {
      await file.close();
    }
    return path;
  }

  private async place(key: string, put: (path: string) => Promise<void>): Promise<void> {
    await placeFile(this.path(key), put);
  }
}
