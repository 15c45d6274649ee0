import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "../../linux/errno.ts";
import { rename } from "../../linux/file.ts";
import { conflict, notFound } from "../../spec/index.ts";
import type { TrashedVolume, TreeUsage, VolumeRecord, VolumeTrash } from "../volume-store.ts";
import type { StorePaths } from "./store-paths.ts";
import type { Trash } from "./trash.ts";
import { treeUsage } from "./tree-usage.ts";
import {
  checkVolumeName,
  DATA,
  readDescription,
  readJson,
  secondsText,
  writeDescription,
  writeJson,
} from "./volume-description.ts";

/** In the directory of a removed volume. */
const NOTE = "removed.json";

interface Note {
  name: string;
  removedAt: string;
}

/**
 * Removed volumes: their directories, renamed aside whole. There is no table: what is there is what can be
 * restored, whatever a crash has cut short.
 */
export class DirectoryVolumeTrash implements VolumeTrash {
  readonly #paths: StorePaths;
  readonly #deletion: Trash;
  readonly #takeIn: (volume: VolumeRecord) => VolumeRecord;

  constructor(paths: StorePaths, deletion: Trash, takeIn: (volume: VolumeRecord) => VolumeRecord) {
    this.#paths = paths;
    this.#deletion = deletion;
    this.#takeIn = takeIn;
    mkdirSync(paths.volumeTrash, { recursive: true, mode: 0o700 });
  }

  /** Moves a volume's directory here; its record is the caller's to delete. */
  take(volume: VolumeRecord): TrashedVolume {
    const directory = this.#paths.volume(volume.name);
    const id = randomBytes(6).toString("hex");
    // Milliseconds: several may be removed within a second, and the latest of a name is meant.
    const note: Note = { name: volume.name, removedAt: new Date().toISOString() };
    mkdirSync(directory, { recursive: true, mode: 0o711 });
    writeDescription(directory, volume);
    writeJson(join(directory, NOTE), note);
    rename(directory, this.#place(id), "noReplace");
    return { id, removedAt: note.removedAt, volume };
  }

  list(): TrashedVolume[] {
    return readdirSync(this.#paths.volumeTrash)
      .flatMap((id) => this.#read(id) ?? [])
      .sort((a, b) => (a.removedAt > b.removedAt ? -1 : 1));
  }

  restore(id: string, as?: string): VolumeRecord {
    const { volume } = this.#get(id);
    const name = as ?? volume.name;
    checkVolumeName(name);
    const target = this.#paths.volume(name);
    try {
      rename(this.#place(id), target, "noReplace");
    } catch (error) {
      if (!isErrno(error, Errno.EEXIST, Errno.ENOTEMPTY)) throw error;
      throw conflict(
        `Cannot restore volume "${name}": there is a volume of that name; restore it under another one`,
      );
    }
    // What a user has brought back is not to go with the next prune.
    const mountpoint = join(target, DATA);
    const restored: VolumeRecord = { ...volume, name, mountpoint, anonymous: false };
    writeDescription(target, restored);
    forgetRemoval(target);
    return this.#takeIn(restored);
  }

  delete(id: string): void {
    this.#get(id);
    this.#deletion.discard(this.#place(id));
  }

  async usage(id: string): Promise<TreeUsage> {
    this.#get(id);
    return await treeUsage(this.#place(id));
  }

  #place(id: string): string {
    return join(this.#paths.volumeTrash, id);
  }

  #get(id: string): TrashedVolume {
    const found = /^[0-9a-f]{12}$/.test(id) ? this.#read(id) : undefined;
    if (found === undefined) throw notFound(`Cannot find a removed volume "${id}"`);
    return found;
  }

  #read(id: string): TrashedVolume | undefined {
    const place = this.#place(id);
    if (!existsSync(join(place, DATA))) return undefined;
    const note = readJson<Note>(join(place, NOTE));
    const removedAt = note?.removedAt ?? secondsText();
    return { id, removedAt, volume: readDescription(place, note?.name ?? id) };
  }
}

/** A removal that was cut short before the volume was moved did not happen. */
export function forgetRemoval(directory: string): void {
  rmSync(join(directory, NOTE), { force: true });
}
