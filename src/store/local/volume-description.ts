import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { conflict, EngineError, invalidArgument } from "../../spec/index.ts";
import type { NewVolume, VolumeRecord } from "../volume-store.ts";
import { checkVolumeOptions } from "./volume-options.ts";

/** Beside `_data`, so that a volume is known even if a power loss takes its record back. */
const DESCRIPTION = "volume.json";

export const DATA = "_data";

/** RFC 3339, whole seconds. */
export const secondsText = (time = new Date()): string =>
  time.toISOString().replace(/\.\d+Z$/, "Z");

/** What a new local volume is to be. `invalid-argument` for its name or options. */
export function newRecord(
  { name: given, labels, options }: NewVolume,
  directory: (name: string) => string,
): VolumeRecord {
  const anonymous = given === undefined || given === "";
  const name = anonymous ? randomBytes(32).toString("hex") : given;
  checking(`create ${name}: `, () => {
    checkVolumeName(name);
    checkVolumeOptions(options ?? {}, dirname(directory(name)));
  });
  return {
    name,
    driver: "local",
    mountpoint: join(directory(name), DATA),
    createdAt: secondsText(),
    labels: labels ?? {},
    options: options ?? {},
    anonymous,
  };
}

/** Docker's complaints begin with what was to be done. */
function checking(prefix: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `${prefix}${error.message}`, { cause: error });
  }
}

export function checkVolumeName(name: string): void {
  if (name.length === 1) {
    throw invalidArgument(
      "volume name is too short, names should be at least two alphanumeric characters",
    );
  }
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name) || name.length > 255) {
    throw invalidArgument(
      `"${name}" includes invalid characters for a local volume name, only ` +
        '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    );
  }
}

/** The volume that is there already, with the options it has: Docker changes none and complains of none. */
export function sameVolume(existing: VolumeRecord, { driver }: NewVolume): VolumeRecord {
  if (driver !== undefined && driver !== "" && driver !== existing.driver) {
    const { name } = existing;
    throw conflict(
      `create ${name}: driver '${existing.driver}' already has volume '${name}': volume name must be unique`,
    );
  }
  return existing;
}

/** At once: a reader finds the old text or the new one. */
export function writeDescription(directory: string, volume: VolumeRecord): void {
  writeJson(join(directory, DESCRIPTION), volume);
}

/** What a directory says of its volume, or what can be guessed where it says nothing. */
export function readDescription(directory: string, name: string): VolumeRecord {
  const mountpoint = join(directory, DATA);
  const written = readJson<VolumeRecord>(join(directory, DESCRIPTION));
  if (written !== undefined) {
    // A user has given it another name.
    const anonymous = written.anonymous && written.name === name;
    return { ...written, name, mountpoint, anonymous };
  }
  const createdAt = secondsText(statSync(mountpoint).ctime);
  const anonymous = /^[0-9a-f]{64}$/.test(name);
  return { name, driver: "local", mountpoint, createdAt, labels: {}, options: {}, anonymous };
}

const HALF = ".new";

/** Removes what a kill has left of a text that was being written. */
export function forgetHalfWritten(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (name.endsWith(`.json${HALF}`)) rmSync(join(directory, name));
  }
}

export function writeJson(path: string, value: unknown): void {
  const aside = `${path}${HALF}`;
  writeFileSync(aside, JSON.stringify(value));
  renameSync(aside, path);
}

/** `undefined` where there is none, or half of one. */
export function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}
