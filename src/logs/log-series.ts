import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Errno, isErrno } from "../linux/errno.ts";
import { rotateTo } from "./rotation-names.ts";

/** The files that one log consists of; the newest is written to. */
export interface LogSeries {
  /** The folder to watch for changes. */
  readonly folder: string;
  /** A file that is there while a writer has the log open; its removal ends followers. */
  readonly marker: string;
  /** Absolute paths, oldest first; rotated ones may end in `.gz`. */
  list(): string[];
  /** The path of a new file to write to, after `keep` - 1 older ones have been left and the rest removed. */
  rotate(keep: number): string;
  /** Removes what a compression that was killed has left. */
  removeLeftovers(): void;
}

export const COMPRESSED = ".gz";
export const COMPRESSING = ".compressing";

/** `local-00000001.log`, `local-00000002.log` …: the number only grows, and nothing is renamed. */
export class NumberedSeries implements LogSeries {
  readonly folder: string;
  readonly marker: string;

  constructor(containerDirectory: string) {
    this.folder = containerDirectory;
    this.marker = join(this.folder, "local-log.open");
  }

  list(): string[] {
    return withoutTwins(entries(this.folder))
      .filter((name) => /^local-\d{8,}\.log(\.gz)?$/.test(name))
      .sort((a, b) => sequenceOf(a) - sequenceOf(b) || a.length - b.length)
      .map((name) => join(this.folder, name));
  }

  rotate(keep: number): string {
    const files = this.list();
    const next = sequenceOf(files.at(-1) ?? "local-0") + 1;
    for (const file of files) {
      if (sequenceOf(file) <= next - keep) rmSync(file, { force: true });
    }
    return join(this.folder, `local-${String(next).padStart(8, "0")}.log`);
  }

  removeLeftovers(): void {
    removeLeftovers(this.folder);
  }
}

/** The number in a numbered file's name. */
export function sequenceOf(path: string): number {
  return Number.parseInt(basename(path).slice("local-".length), 10);
}

/** `<id>-json.log`, `<id>-json.log.1` …, as Docker names them: a rotation renames all. */
export class RenamedSeries implements LogSeries {
  readonly folder: string;
  readonly marker: string;
  readonly #base: string;

  constructor(base: string) {
    this.folder = dirname(base);
    this.marker = join(this.folder, "json-log.open");
    this.#base = base;
  }

  list(): string[] {
    const name = basename(this.#base);
    const rotated = withoutTwins(entries(this.folder))
      .map((entry) => ({ entry, match: /^\.(\d+)(\.gz)?$/.exec(entry.slice(name.length)) }))
      .filter(({ entry, match }) => match !== null && entry.startsWith(name))
      .sort((a, b) => Number(b.match?.[1]) - Number(a.match?.[1]))
      .map(({ entry }) => join(this.folder, entry));
    return existsSync(this.#base) ? [...rotated, this.#base] : rotated;
  }

  rotate(keep: number): string {
    for (const { from, to } of rotateTo(this.list(), this.#base, keep)) {
      if (to === undefined) rmSync(from, { force: true });
      else renameSync(from, to);
    }
    return this.#base;
  }

  removeLeftovers(): void {
    removeLeftovers(this.folder);
  }
}

/** A file whose compressed form is complete stands twice for an instant. */
function withoutTwins(names: string[]): string[] {
  const all = new Set(names);
  return names.filter((name) => !all.has(name + COMPRESSED));
}

function removeLeftovers(folder: string): void {
  for (const name of entries(folder)) {
    if (name.endsWith(COMPRESSING)) rmSync(join(folder, name), { force: true });
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isErrno(error, Errno.ENOENT)) return [];
    throw error;
  }
}
