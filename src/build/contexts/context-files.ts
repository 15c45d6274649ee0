import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { open as openFile, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { invalidArgument } from "../../spec/index.ts";
import { letOthersWork } from "../files/let-others-work.ts";

/**
 * The pool of files that contexts are made of, by sha256. A file that is there is whole. It outlives contexts:
 * a client that builds again sends only what has changed.
 */
export class ContextFiles {
  readonly #root: string;
  #known: Set<string> | undefined;
  #users = 0;

  constructor(root: string) {
    this.#root = root;
    mkdirSync(join(root, "new"), { recursive: true, mode: 0o700 });
  }

  path(sha256: string): string {
    return join(this.#root, sha256.slice(0, 2), sha256);
  }

  has(sha256: string): boolean {
    return this.#all().has(sha256);
  }

  /** Stores a file of which only the size is known, or not even that; returns its sha256. */
  async put(
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<{ sha256: string; size: number }> {
    const incoming = await this.begin();
    try {
      for await (const chunk of content) await incoming.write(chunk);
      return await incoming.commit();
    } finally {
      await incoming.abort();
    }
  }

  /** Stores a file that is at hand. Blocks for as long as it takes to write it. */
  putSmall(content: Uint8Array): { sha256: string; size: number } {
    const sha256 = new Bun.CryptoHasher("sha256").update(content).digest("hex");
    const size = content.length;
    if (this.has(sha256)) return { sha256, size };
    const path = join(this.#root, "new", crypto.randomUUID());
    writeFileSync(path, content, { mode: 0o600 });
    this.#place(path, sha256);
    return { sha256, size };
  }

  /** As long as somebody uses the pool nothing is collected. */
  use(): Disposable {
    this.#users++;
    let used = true;
    return {
      [Symbol.dispose]: () => {
        if (used) this.#users--;
        used = false;
      },
    };
  }

  #place(path: string, sha256: string): void {
    mkdirSync(join(this.#root, sha256.slice(0, 2)), { recursive: true, mode: 0o700 });
    renameSync(path, this.path(sha256));
    this.#all().add(sha256);
  }

  /** A file that arrives in pieces. Exactly one of `commit` and `abort` counts, the first. */
  async begin(): Promise<IncomingFile> {
    const path = join(this.#root, "new", crypto.randomUUID());
    const file = await openFile(path, "wx", 0o600);
    const hash = new Bun.CryptoHasher("sha256");
    let size = 0;
    let open = true;
    const abort = async (): Promise<void> => {
      if (!open) return;
      open = false;
      await file.close();
      await unlink(path);
    };
    return {
      write: async (chunk) => {
        hash.update(chunk);
        size += chunk.length;
        for (let at = 0; at < chunk.length; ) {
          at += (await file.write(chunk, at)).bytesWritten;
        }
      },
      commit: async (expected) => {
        const sha256 = hash.digest("hex");
        if (expected !== undefined && expected !== sha256) {
          await abort();
          throw invalidArgument(
            `a file of the context has changed while it was sent (its sha256 is ${sha256} instead of ${expected})`,
          );
        }
        open = false;
        await file.close();
        this.#place(path, sha256);
        return { sha256, size };
      },
      abort,
    };
  }

  /** Bytes. */
  size(): number {
    let sum = 0;
    for (const sha256 of this.#all()) {
      sum += statSync(this.path(sha256), { throwIfNoEntry: false })?.size ?? 0;
    }
    return sum;
  }

  /** When a file was last written. */
  changedAt(): Date {
    return statSync(join(this.#root, "new")).mtime;
  }

  /** Removes what no context uses, unless a build does; the bytes that were freed. */
  async collect(isUsed: (sha256: string) => boolean): Promise<number> {
    let freed = 0;
    for (const sha256 of [...this.#all()]) {
      await letOthersWork();
      if (this.#users > 0) break;
      if (isUsed(sha256)) continue;
      // At once: what comes between could store the same file anew.
      freed += statSync(this.path(sha256), { throwIfNoEntry: false })?.size ?? 0;
      this.#all().delete(sha256);
      rmSync(this.path(sha256), { force: true });
    }
    return freed;
  }

  /** What a kill has left half-way. */
  sweep(): Promise<void> {
    const place = join(this.#root, "new");
    return rm(place, { recursive: true, force: true }).then(() => {
      mkdirSync(place, { recursive: true, mode: 0o700 });
    });
  }

  #all(): Set<string> {
    this.#known ??= new Set(
      readdirSync(this.#root)
        .filter((name) => /^[0-9a-f]{2}$/.test(name) && existsSync(join(this.#root, name)))
        .flatMap((name) => readdirSync(join(this.#root, name))),
    );
    return this.#known;
  }
}

export interface IncomingFile {
  write(chunk: Uint8Array): Promise<void>;
  /** `expected`: hex; `invalid-argument` where it is something else. */
  commit(expected?: string): Promise<{ sha256: string; size: number }>;
  abort(): Promise<void>;
}
