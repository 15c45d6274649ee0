import { createReadStream, existsSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
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
  /** Of builds that run. */
  readonly #written = new Map<string, BuildLog>();

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
    const log = new BuildLog(await open(this.#path(id), "w", 0o600));
    this.#written.set(id, log);
    return log;
  }

  async end(id: string): Promise<void> {
    const log = this.#written.get(id);
    this.#written.delete(id);
    await log?.close();
  }

  async remove(id: string): Promise<void> {
    this.#records.delete(id);
    await rm(this.#path(id), { force: true });
  }

  /** What a build has said; with `follow` also what it says from now on, to its end. */
  async *log(id: string, follow: boolean, signal: AbortSignal): AsyncGenerator<BuildEvent> {
    const { id: full } = this.get(id);
    const path = this.#path(full);
    if (!existsSync(path)) return;
    const decoder = new TextDecoder();
    let position = 0;
    let text = "";
    for (;;) {
      // Asked for first: what is written meanwhile is in the file already, or told by it.
      const more = follow ? this.#written.get(full)?.more() : undefined;
      for await (const chunk of createReadStream(path, { start: position })) {
        position += (chunk as Buffer).length;
        const lines = (text + decoder.decode(chunk as Buffer, { stream: true })).split("\n");
        text = lines.pop() ?? "";
        for (const line of lines) {
          const event = parseLine(line);
          if (event !== undefined) yield event;
        }
      }
      if (more === undefined || signal.aborted) return;
      await Promise.race([more, new Promise((left) => signal.addEventListener("abort", left))]);
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
  #more = Promise.withResolvers<void>();

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

  /** Resolves when more has been written, or nothing more will be. */
  more(): Promise<void> {
    return this.#more.promise;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
    this.#more.resolve();
  }

  async #write(): Promise<void> {
    // A full disk must not fail a build that does not need it.
    for (let chunk = this.#take(); chunk !== ""; chunk = this.#take()) {
      await this.#file.write(chunk).catch(() => undefined);
      const told = this.#more;
      this.#more = Promise.withResolvers<void>();
      told.resolve();
    }
    this.#writing = undefined;
  }

  #take(): string {
    return this.#pending.splice(0).join("");
  }
}
