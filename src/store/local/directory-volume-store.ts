import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "../../linux/errno.ts";
import { rename } from "../../linux/file.ts";
import { conflict, EngineError, notFound } from "../../spec/index.ts";
import type { Collection, RecordStore } from "../record-store.ts";
import type {
  Fill,
  NewVolume,
  OpenVolume,
  TrashedVolume,
  TreeUsage,
  VolumeRecord,
  VolumeSnapshot,
  VolumeStore,
} from "../volume-store.ts";
import { limitDirectories } from "./directory-quota.ts";
import type { StorePaths } from "./store-paths.ts";
import { Trash } from "./trash.ts";
import { treeUsage } from "./tree-usage.ts";
import { replaceContent } from "./volume-content.ts";
import { fillDirectory, fillVolume } from "./volume-copy-up.ts";
import {
  checkVolumeName,
  DATA,
  newRecord,
  sameVolume,
  secondsText,
  writeDescription,
} from "./volume-description.ts";
import { VolumeHolds } from "./volume-holds.ts";
import { mountVolume, mountVolumeAside, unmountVolume } from "./volume-mounts.ts";
import { mountsSlowly, needsMount, sizeLimit } from "./volume-options.ts";
import { NEW_VOLUME, recoverVolumes } from "./volume-recovery.ts";
import {
  listSnapshots,
  makeScratchCopy,
  makeSnapshot,
  snapshotContent,
  snapshotDirectory,
  splitRef,
} from "./volume-snapshots.ts";
import { DirectoryVolumeTrash } from "./volume-trash.ts";

export class DirectoryVolumeStore implements VolumeStore {
  readonly #paths: StorePaths;
  readonly #records: Collection<VolumeRecord>;
  readonly #deletion: Trash;
  readonly #holds = new VolumeHolds();
  readonly #filling = new Map<string, Promise<void>>();
  readonly trash: DirectoryVolumeTrash;

  constructor(paths: StorePaths, records: RecordStore) {
    this.#paths = paths;
    this.#records = records.collection<VolumeRecord>("store.volumes");
    mkdirSync(paths.volumes, { recursive: true, mode: 0o711 });
    this.#deletion = new Trash(paths.deletedVolumes);
    this.trash = new DirectoryVolumeTrash(paths, this.#deletion, (volume) => this.#take(volume));
  }

  create(wanted: NewVolume): VolumeRecord {
    const { name, driver } = wanted;
    const existing = name === undefined ? undefined : this.#records.get(name);
    if (existing !== undefined) return sameVolume(this.#placed(existing), wanted);
    if (driver !== undefined && driver !== "" && driver !== "local") {
      throw notFound(
        `create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`,
      );
    }
    const volume = this.#newRecord(wanted);
    const target = this.#paths.volume(volume.name);
    // A directory that somebody has put there is taken as it is.
    if (existsSync(target)) this.#furnish(target, volume);
    else rename(this.#gather(volume), target, "noReplace");
    return this.#take(volume);
  }

  async createFilled(wanted: NewVolume, fill: Fill): Promise<VolumeRecord> {
    const volume = this.#newRecord(wanted);
    const target = this.#paths.volume(volume.name);
    const taken = () =>
      conflict(`Cannot create volume "${volume.name}": there is one of that name already`);
    if (existsSync(target)) throw taken();
    const gathering = this.#gather(volume);
    try {
      await fill(join(gathering, DATA));
      rename(gathering, target, "noReplace");
    } catch (error) {
      this.#deletion.discard(gathering);
      throw isErrno(error, Errno.EEXIST) ? taken() : error;
    }
    return this.#take(volume);
  }

  addForeign(volume: Omit<VolumeRecord, "mountpoint" | "createdAt">): VolumeRecord {
    return this.#take({ ...volume, mountpoint: "", createdAt: secondsText() });
  }

  setMountpoint(name: string, path: string): void {
    this.#records.put(name, { ...this.get(name), mountpoint: path });
  }

  get(name: string): VolumeRecord {
    const volume = this.#records.get(name);
    if (volume === undefined) throw notFound(`get ${name}: no such volume`);
    return this.#placed(volume);
  }

  has(name: string): boolean {
    return this.#records.get(name) !== undefined;
  }

  list(): VolumeRecord[] {
    return this.#records.all().map((volume) => this.#placed(volume));
  }

  remove(name: string): void {
    const { driver } = this.#withdraw(name);
    this.#records.delete(name);
    if (driver === "local") this.#deletion.discard(this.#paths.volume(name));
  }

  /** The directory goes first: what a crash leaves then is a record without one, which goes too. */
  moveToTrash(name: string): TrashedVolume {
    this.#checkOwn("keep", name);
    const trashed = this.trash.take(this.#withdraw(name));
    this.#records.delete(name);
    return trashed;
  }

  setLocked(name: string, locked: boolean): boolean {
    const { locked: before = false, ...volume } = this.get(name);
    if (before === locked) return false;
    const changed: VolumeRecord = locked ? { ...volume, locked } : volume;
    if (volume.driver === "local") writeDescription(this.#paths.volume(name), changed);
    this.#records.put(name, changed);
    return true;
  }

  /** The directory goes first: what a crash leaves then is a directory that is taken in. */
  rename(from: string, to: string): VolumeRecord {
    const volume = this.#checkOwn("rename", from);
    checkVolumeName(to);
    this.#holds.checkIdle("rename", from);
    const target = this.#paths.volume(to);
    if (this.has(to) || existsSync(target)) {
      throw conflict(
        `Cannot rename volume "${from}" to "${to}": there is one of that name already`,
      );
    }
    const renamed = { ...volume, name: to, mountpoint: join(target, DATA), anonymous: false };
    rename(this.#paths.volume(from), target, "noReplace");
    writeDescription(target, renamed);
    this.#records.put(to, renamed);
    this.#records.delete(from);
    this.#holds.rename(from, to);
    return renamed;
  }

  async open(ref: string, purpose: string): Promise<OpenVolume> {
    const [name, snapshot] = splitRef(ref);
    const volume = this.get(name);
    const directory =
      snapshot === undefined
        ? undefined
        : snapshotContent(this.#paths.volume(name), volume.name, snapshot);
    const end = this.#holds.begin(name, purpose);
    const holder = `${purpose} ${randomBytes(6).toString("hex")}`;
    try {
      const opened = directory ?? (await this.prepare(name, holder));
      return {
        directory: opened,
        close: () => {
          end();
          this.release(name, holder);
        },
      };
    } catch (error) {
      end();
      throw error;
    }
  }

  async openCopy(name: string, fill: Fill): Promise<OpenVolume> {
    this.#checkOwn("copy", name);
    const directory = this.#paths.volume(name);
    const end = this.#holds.begin(name, "copied");
    try {
      const copy = await makeScratchCopy(directory, fill, this.#deletion);
      return {
        directory: copy.directory,
        close: () => {
          copy.discard();
          end();
        },
      };
    } catch (error) {
      end();
      throw error;
    }
  }

  async replaceContent(name: string, keepAs: string | undefined, fill: Fill): Promise<void> {
    const { options } = this.#checkOwn("replace the content of", name);
    if (needsMount(options)) {
      throw new EngineError(
        "failed-precondition",
        `Cannot replace what volume "${name}" holds: it lies on "${options["device"]}", which is only mounted here`,
      );
    }
    this.#checkUnheld("replace the content of", name);
    const end = this.#holds.begin(name, "filled");
    try {
      const former =
        keepAs === undefined ? undefined : { name: keepAs, createdAt: new Date().toISOString() };
      const limit = sizeLimit(options);
      await replaceContent(
        this.#paths.volume(name),
        former,
        async (directory) => {
          // A quota of its own: the former content does not count any more.
          if (limit > 0) limitDirectories([directory], limit);
          await fill(directory);
        },
        this.#deletion,
        () => this.#checkHolders("replace the content of", name),
      );
    } finally {
      end();
    }
  }

  snapshots(name: string): VolumeSnapshot[] {
    this.get(name);
    return listSnapshots(this.#paths.volume(name));
  }

  async addSnapshot(name: string, snapshot: string, fill: Fill): Promise<VolumeSnapshot> {
    this.#checkOwn("keep a snapshot of", name);
    const made: VolumeSnapshot = { name: snapshot, createdAt: new Date().toISOString() };
    const end = this.#holds.begin(name, "snapshot");
    try {
      await makeSnapshot(this.#paths.volume(name), made, fill, this.#deletion);
    } finally {
      end();
    }
    return made;
  }

  removeSnapshot(name: string, snapshot: string): void {
    const directory = this.#paths.volume(this.get(name).name);
    snapshotContent(directory, name, snapshot);
    this.#holds.checkIdle("remove a snapshot of", name);
    this.#deletion.discard(snapshotDirectory(directory, snapshot));
  }

  async prepare(name: string, holder: string): Promise<string> {
    const volume = this.get(name);
    if (volume.driver === "local" && mountsSlowly(volume.options)) await mountVolumeAside(volume);
    return this.acquire(name, holder);
  }

  acquire(name: string, holder: string): string {
    const volume = this.get(name);
    const { mountpoint, options, driver } = volume;
    if (driver !== "local") this.#checkMounted(volume);
    else if (needsMount(options)) mountVolume(volume);
    else mkdirSync(mountpoint, { recursive: true, mode: 0o701 });
    this.#holds.add(name, holder);
    return mountpoint;
  }

  adopt(name: string, holder: string): void {
    if (this.has(name)) this.#holds.add(name, holder);
  }

  release(name: string, holder: string): void {
    if (this.#holds.drop(name, holder)) this.#unmountUnheld(name);
  }

  releaseAllExcept(holders: ReadonlySet<string>): void {
    for (const { name } of this.list()) {
      for (const holder of this.#holds.holders(name)) {
        if (!holders.has(holder)) this.release(name, holder);
      }
      this.#unmountUnheld(name);
    }
  }

  async copyUp(name: string, root: string, path: string): Promise<void> {
    const { driver, mountpoint } = this.get(name);
    const other = this.#filling.get(name);
    if (other !== undefined) return other;
    const end = this.#holds.begin(name, "filled");
    const work =
      driver === "local"
        ? fillVolume(this.#paths.volume(name), root, path, this.#deletion)
        : fillDirectory(mountpoint, root, path);
    this.#filling.set(name, work);
    try {
      await work;
    } finally {
      this.#filling.delete(name);
      end();
    }
  }

  async size(name: string): Promise<number> {
    return (await this.usage(name)).bytes;
  }

  async usage(ref: string): Promise<TreeUsage> {
    const [name, snapshot] = splitRef(ref);
    const { mountpoint } = this.get(name);
    return await treeUsage(
      snapshot === undefined
        ? mountpoint
        : snapshotContent(this.#paths.volume(name), name, snapshot),
    );
  }

  /** Brings records and directories together after a crash; no directory of a volume is ever dropped. */
  recover(): void {
    recoverVolumes(this.#paths, this.#records, this.#deletion);
  }

  /** Resolves when nothing waits for deletion. */
  idle(): Promise<void> {
    return this.#deletion.idle();
  }

  #newRecord(wanted: NewVolume): VolumeRecord {
    return newRecord(wanted, (name) => this.#paths.volume(name));
  }

  /** The directory of a volume beside the others': renamed, it turns up whole or not at all. */
  #gather(volume: VolumeRecord): string {
    const gathering = join(this.#paths.volumes, `${NEW_VOLUME}${randomBytes(6).toString("hex")}`);
    try {
      this.#furnish(gathering, volume);
    } catch (error) {
      this.#deletion.discard(gathering);
      throw error;
    }
    return gathering;
  }

  #furnish(directory: string, volume: VolumeRecord): void {
    const content = join(directory, DATA);
    mkdirSync(content, { recursive: true, mode: 0o701 });
    const limit = sizeLimit(volume.options);
    if (limit > 0) limitDirectories([content], limit);
    writeDescription(directory, volume);
  }

  #take(volume: VolumeRecord): VolumeRecord {
    this.#records.put(volume.name, volume);
    return volume;
  }

  /** The volume, when it may go; nothing is mounted there any more: that is not the volume's to delete. */
  #withdraw(name: string): VolumeRecord {
    const volume = this.get(name);
    this.#checkHolders("remove", name);
    this.#holds.checkIdle("remove", name);
    if (volume.locked === true) {
      throw conflict(
        `remove ${name}: volume is locked against removal: unlock it with "berth volume unlock ${name}"`,
      );
    }
    this.#unmountUnheld(name);
    return volume;
  }

  /** `failed-precondition` for what a plugin keeps. */
  #checkOwn(verb: string, name: string): VolumeRecord {
    const volume = this.get(name);
    if (volume.driver === "local") return volume;
    throw new EngineError(
      "failed-precondition",
      `Cannot ${verb} volume "${name}": the plugin "${volume.driver}" keeps it`,
    );
  }

  #checkMounted({ name, driver, mountpoint }: VolumeRecord): void {
    if (mountpoint !== "" && existsSync(mountpoint)) return;
    throw new EngineError(
      "failed-precondition",
      `Cannot use volume "${name}": the plugin "${driver}" mounts it for containers only; start one with it`,
    );
  }

  #checkHolders(verb: string, name: string): void {
    const holders = this.#holds.holders(name);
    if (holders.length === 0) return;
    throw conflict(`${verb} ${name}: volume is in use - [${holders.join(", ")}]`);
  }

  #checkUnheld(verb: string, name: string): void {
    this.#checkHolders(verb, name);
    this.#holds.checkIdle(verb, name);
  }

  /** The data root may have moved since the record was written. */
  #placed(volume: VolumeRecord): VolumeRecord {
    if (volume.driver !== "local") return volume;
    return { ...volume, mountpoint: join(this.#paths.volume(volume.name), DATA) };
  }

  #unmountUnheld(name: string): void {
    if (this.#holds.isHeld(name) || !this.has(name)) return;
    const { mountpoint, options, driver } = this.get(name);
    if (driver === "local" && needsMount(options)) unmountVolume(mountpoint);
  }
}
