import { createReadStream, existsSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type BuildEvent, type BuildRecord, notFound } from "../../spec/index.ts";
import type { Collection, RecordStore } from "../../store/index.ts";

/** Builds that are remembered. */
const KEPT = 100;
/** What one build's log may take. Bytes. */
const LOG_LIMIT = 32 * 1024 * 1024;

/** What was built, and what each build has said. */
export class BuildHistory {
  readonly #records: Collection<BuildRecord>;
  readonly #directory: string;

  constructor(records: RecordStore, directory: string) {
    this.#records = records.collection("builds");
    this.#directory = directory;
  }

  /** The newest first. */
  list(): BuildRecord[] {
    return this.#records.all().sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  /** By id or a unique beginning of one. `not-found`. */
  get(id: string): BuildRecord {
    const exact = this.#records.get(id);
    if (exact !== undefined) return exact;
    const matches =
      id === "" ? [] : this.#records.all().filter((record) => record.id.startsWith(id));
    const [match] = matches;
    if (match === undefined || matches.length > 1) throw notFound(`no such build: ${id}`);
    return match;
  }

  put(record: BuildRecord): void {
    this.#records.put(record.id, record);
  }

  /** What ran when the daemon ended did not come to its end. */
  recover(): void {
    for (const record of this.#records.all()) {
      if (record.status !== "running") continue;
      this.put({
        ...record,
        status: "cancelled",
        error: "the daemon ended",
        completedAt: new Date().toISOString(),
      });
    }
  }

  async begin(id: string): Promise<BuildLog> {
    const old = this.list().slice(KEPT);
    for (const record of old) if (record.status !== "running") await this.remove(record.id);
    return new BuildLog(await open(this.#path(id), "w", 0o600));
  }

  async remove(id: string): Promise<void> {
    this.#records.delete(id);
    await rm(this.#path(id), { force: true });
  }

  async *log(id: string): AsyncGenerator<BuildEvent> {
    const path = this.#path(this.get(id).id);
    if (!existsSync(path)) return;
    const lines = createInterface({
      input: createReadStream(path),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    for await (const line of lines) {
      const event = parseLine(line);
      if (event !== undefined) yield event;
    }
  }

  #path(id: string): string {
    return join(this.#directory, `${id}.ndjson`);
  }
}

/** A kill may have cut the last line. */
function parseLine(line: string): BuildEvent | undefined {
  try {
    return JSON.parse(line) as BuildEvent;
  } catch {
    return undefined;
  }
}

/** One build's log while it is written: gathers lines and writes them in the background. */
export class BuildLog {
  readonly #file: FileHandle;
  #pending: string[] = [];
  #written = 0;
  #writing: Promise<void> | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  add(event: BuildEvent): void {
    if (event.type === "progress" || this.#written > LOG_LIMIT) return;
    const line = `${JSON.stringify(event)}\n`;
    this.#written += line.length;
    this.#pending.push(line);
    this.#writing ??= this.#write();
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #write(): Promise<void> {
    // A full disk must not fail a build that does not need it.
    for (let chunk = this.#take(); chunk !== ""; chunk = this.#take()) {
      await this.#file.write(chunk).catch(() => undefined);
    }
    this.#writing = undefined;
  }

  #take(): string {
    return this.#pending.splice(0).join("");
  }
}
