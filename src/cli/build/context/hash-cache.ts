import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import type { WalkedEntry } from "./walk-context.ts";

interface Known {
  readonly sha256: string;
  /** Inode, size and both times. */
  readonly identity: string;
}

/** A file that was changed less than this before it was hashed may change again unseen. */
const UNSURE_MS = 200;
const KEPT_DAYS = 30;
const FORMAT = "berth-context-hashes 1";

/**
 * The hashes of a context's files from one build to the next: a file whose inode, size and times are the
 * same is not read again. Lost or damaged, it costs time and nothing else.
 */
export class HashCache {
  readonly #file: string | undefined;
  readonly #before: ReadonlyMap<string, Known>;
  readonly #now = new Map<string, Known>();
  #changed = false;

  private constructor(file: string | undefined, before: ReadonlyMap<string, Known>) {
    this.#file = file;
    this.#before = before;
  }

  /** @param directory where caches of all contexts are; undefined keeps nothing. */
  static open(directory: string | undefined, root: string): HashCache {
    if (directory === undefined) return new HashCache(undefined, new Map());
    const name = new Bun.CryptoHasher("sha256").update(root).digest("hex").slice(0, 32);
    const file = `${directory}/${name}`;
    return new HashCache(file, readKnown(file));
  }

  find(walked: WalkedEntry): string | undefined {
    const known = this.#before.get(walked.entry.path);
    if (known === undefined || known.identity !== identityOf(walked)) return undefined;
    this.#now.set(walked.entry.path, known);
    return known.sha256;
  }

  /** `hashedAt` in milliseconds: when reading began. */
  add(walked: WalkedEntry, sha256: string, hashedAt: number): void {
    const { path } = walked.entry;
    if (path.includes("\n") || walked.ctimeMs > hashedAt - UNSURE_MS) return;
    this.#now.set(path, { sha256, identity: identityOf(walked) });
    this.#changed = true;
  }

  /** Keeps what this build has seen; failures are of no matter. */
  save(): void {
    const file = this.#file;
    if (file === undefined) return;
    try {
      if (!this.#changed && this.#now.size === this.#before.size) {
        if (this.#now.size > 0) utimesSync(file, new Date(), new Date());
        return;
      }
      writeWhole(
        file,
        [...this.#now].map(([path, { sha256, identity }]) => `${sha256} ${identity} ${path}`),
      );
      removeOld(file);
    } catch {
      // The next build reads its files again.
    }
  }
}

const identityOf = ({ inode, mtimeMs, ctimeMs, entry }: WalkedEntry): string =>
  `${inode},${entry.size},${mtimeMs},${ctimeMs}`;

function readKnown(file: string): Map<string, Known> {
  const known = new Map<string, Known>();
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return known;
  }
  const [format, ...lines] = text.split("\n");
  if (format !== FORMAT) return known;
  for (const line of lines) {
    const gap = line.indexOf(" ", 65);
    if (gap < 0) continue;
    known.set(line.slice(gap + 1), { sha256: line.slice(0, 64), identity: line.slice(65, gap) });
  }
  return known;
}

function writeWhole(file: string, lines: readonly string[]): void {
  mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, [FORMAT, ...lines, ""].join("\n"), { mode: 0o600 });
  renameSync(temporary, file);
}

/** Contexts that nobody has built for long. */
function removeOld(file: string): void {
  const directory = file.slice(0, file.lastIndexOf("/"));
  const oldest = Date.now() - KEPT_DAYS * 24 * 3600 * 1000;
  for (const name of readdirSync(directory)) {
    const path = `${directory}/${name}`;
    if (statSync(path).mtimeMs < oldest) rmSync(path, { force: true });
  }
}
