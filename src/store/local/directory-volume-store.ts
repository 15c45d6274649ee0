import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { conflict, EngineError, invalidArgument, notFound } from "../../spec/index.ts";
import type { Collection, RecordStore } from "../record-store.ts";
import type { NewVolume, VolumeRecord, VolumeStore } from "../volume-store.ts";
import { treeSize } from "./container-changes.ts";
import type { StorePaths } from "./store-paths.ts";
import type { Trash } from "./trash.ts";
import { fillVolume, recoverFilling } from "./volume-copy-up.ts";
import { checkVolumeOptions, mountVolume, needsMount, unmountVolume } from "./volume-mounts.ts";

/** Beside `_data`, so that a volume is known even if a power loss takes its record back. */
const DESCRIPTION = "volume.json";

export class DirectoryVolumeStore implements VolumeStore {
  readonly #paths: StorePaths;
  readonly #records: Collection<VolumeRecord>;
  readonly #trash: Trash;
  readonly #holders = new Map<string, Set<string>>();
  readonly #filling = new Map<string, Promise<void>>();

  constructor(paths: StorePaths, records: RecordStore, trash: Trash) {
    this.#paths = paths;
    this.#records = records.collection<VolumeRecord>("store.volumes");
    this.#trash = trash;
    mkdirSync(paths.volumes, { recursive: true, mode: 0o711 });
  }

  create({ name: given, driver, labels, options }: NewVolume): VolumeRecord {
    const anonymous = given === undefined || given === "";
    const name = anonymous ? randomBytes(32).toString("hex") : given;
    checkName(name);
    if (driver !== undefined && driver !== "" && driver !== "local") {
      throw notFound(`error looking up volume plugin ${driver}: plugin "${driver}" not found`);
    }
    const wanted = options ?? {};
    const existing = this.#records.get(name);
    if (existing !== undefined) return sameVolume(this.#placed(existing), wanted);
    checkVolumeOptions(wanted);
    const volume: VolumeRecord = {
      name,
      driver: "local",
      mountpoint: join(this.#paths.volume(name), "_data"),
      createdAt: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
      labels: labels ?? {},
      options: wanted,
      anonymous,
    };
    mkdirSync(volume.mountpoint, { recursive: true, mode: 0o701 });
    writeFileSync(join(this.#paths.volume(name), DESCRIPTION), JSON.stringify(volume));
    this.#records.put(name, volume);
    return volume;
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
    const { mountpoint, options } = this.get(name);
    const holders = [...(this.#holders.get(name) ?? [])];
    if (holders.length > 0) {
      throw conflict(`remove ${name}: volume is in use - [${holders.join(", ")}]`);
    }
    // What is mounted there is not the volume's to delete.
    if (needsMount(options)) unmountVolume(mountpoint);
    this.#records.delete(name);
    this.#trash.discard(this.#paths.volume(name));
  }

  acquire(name: string, holder: string): string {
    const { mountpoint, options } = this.get(name);
    if (needsMount(options)) mountVolume(name, mountpoint, options);
    else mkdirSync(mountpoint, { recursive: true, mode: 0o701 });
    const holders = this.#holders.get(name) ?? new Set();
    this.#holders.set(name, holders.add(holder));
    return mountpoint;
  }

  release(name: string, holder: string): void {
    const holders = this.#holders.get(name);
    if (holders?.delete(holder) !== true || holders.size > 0) return;
    this.#holders.delete(name);
    this.#unmountUnheld(name);
  }

  releaseAllExcept(holders: ReadonlySet<string>): void {
    for (const { name } of this.list()) {
      for (const holder of [...(this.#holders.get(name) ?? [])]) {
        if (!holders.has(holder)) this.release(name, holder);
      }
      this.#unmountUnheld(name);
    }
  }

  async copyUp(name: string, root: string, path: string): Promise<void> {
    this.get(name);
    const other = this.#filling.get(name);
    if (other !== undefined) return other;
    const work = fillVolume(this.#paths.volume(name), root, path, this.#trash);
    this.#filling.set(name, work);
    try {
      await work;
    } finally {
      this.#filling.delete(name);
    }
  }

  async size(name: string): Promise<number> {
    return treeSize(this.get(name).mountpoint);
  }

  /** Brings records and directories together after a crash; no directory of a volume is ever dropped. */
  recover(): void {
    for (const name of readdirSync(this.#paths.volumes)) {
      const directory = this.#paths.volume(name);
      if (this.#records.get(name) === undefined) this.#adopt(name, directory);
      recoverFilling(directory, this.#trash);
    }
  }

  /** The data root may have moved since the record was written. */
  #placed(volume: VolumeRecord): VolumeRecord {
    return { ...volume, mountpoint: join(this.#paths.volume(volume.name), "_data") };
  }

  #adopt(name: string, directory: string): void {
    const mountpoint = join(directory, "_data");
    if (!existsSync(mountpoint)) {
      // Killed before there was anything in it.
      this.#trash.discard(directory);
      return;
    }
    this.#records.put(name, readDescription(directory) ?? describe(name, mountpoint));
  }

  #unmountUnheld(name: string): void {
    if (this.#holders.has(name)) return;
    const { mountpoint, options } = this.get(name);
    if (needsMount(options)) unmountVolume(mountpoint);
  }
}

function checkName(name: string): void {
  if (name.length === 1) {
    throw invalidArgument(
      "volume name is too short, names should be at least two alphanumeric characters",
    );
  }
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name) || name.length > 255) {
    throw invalidArgument(
      `create ${name}: "${name}" includes invalid characters for a local volume name, only ` +
        '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    );
  }
}

function sameVolume(
  existing: VolumeRecord,
  wanted: Readonly<Record<string, string>>,
): VolumeRecord {
  const differs =
    Object.keys(wanted).length > 0 &&
    (Object.keys(wanted).length !== Object.keys(existing.options).length ||
      Object.entries(wanted).some(([key, value]) => existing.options[key] !== value));
  if (differs) {
    throw new EngineError(
      "conflict",
      `create ${existing.name}: conflict: volume name already exists with different options`,
    );
  }
  return existing;
}

function readDescription(directory: string): VolumeRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, DESCRIPTION), "utf8")) as VolumeRecord;
  } catch {
    return undefined;
  }
}

function describe(name: string, mountpoint: string): VolumeRecord {
  const createdAt = statSync(mountpoint)
    .ctime.toISOString()
    .replace(/\.\d+Z$/, "Z");
  const anonymous = /^[0-9a-f]{64}$/.test(name);
  return { name, driver: "local", mountpoint, createdAt, labels: {}, options: {}, anonymous };
}
