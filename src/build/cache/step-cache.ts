import { type Digest, sha256 } from "../../spec/index.ts";
import type { BuildSnapshotStore, Collection, RecordStore, Tree } from "../../store/index.ts";

/** What is known of a step that has been done. */
export interface StepRecord {
  /** What the step made of its tree: the tree itself where it changed nothing. */
  readonly tree: Tree;
  /** `RUN make`. */
  readonly description: string;
  /** RFC 3339. */
  readonly createdAt: string;
  lastUsedAt: string;
  uses: number;
}

/** What made a step's key, kept to say later why a step missed: name → digest or short value. */
export type KeyParts = Readonly<Record<string, string>>;

interface StepTrace {
  readonly parts: KeyParts;
}

/** Hex; the same for the same tree. */
export type StepKey = string;

/** Names a tree: layers by what they are, snapshots by which one it is. */
export function treeIdentity(tree: Tree): string {
  return tree.kind === "layers" ? `layers ${tree.top ?? "none"}` : `snapshot ${tree.id}`;
}

/** Of a step and what it stands on. */
export function stepKey(parent: Tree, operation: Digest): StepKey {
  return sha256(`${treeIdentity(parent)}\n${operation}`).slice("sha256:".length);
}

/**
 * Results of steps by what they were made from: tree and operation. A record counts only while its tree
 * is there.
 */
export class StepCache {
  readonly #steps: Collection<StepRecord>;
  readonly #traces: Collection<StepTrace>;
  readonly #digests: Collection<{ digest: string }>;
  readonly #records: RecordStore;
  readonly #builds: BuildSnapshotStore;
  readonly #touched = new Map<StepKey, StepRecord>();

  constructor(records: RecordStore, builds: BuildSnapshotStore) {
    this.#records = records;
    this.#builds = builds;
    this.#steps = records.collection("build-steps");
    this.#traces = records.collection("build-traces");
    this.#digests = records.collection("build-digests");
  }

  /** The step's tree, held by the caller as soon as it can. */
  find(key: StepKey): StepRecord | undefined {
    const record = this.#steps.get(key);
    if (record === undefined) return undefined;
    if (!this.#builds.has(record.tree)) {
      this.#steps.delete(key);
      return undefined;
    }
    this.#touched.set(key, record);
    return record;
  }

  put(key: StepKey, tree: Tree, description: string): void {
    const now = new Date().toISOString();
    const record = { tree, description, createdAt: now, lastUsedAt: now, uses: 0 };
    this.#steps.put(key, record);
  }

  /** Notes that what has been found is used; all at once, because it is a write to the disk. */
  noteUses(): void {
    if (this.#touched.size === 0) return;
    const now = new Date().toISOString();
    this.#records.transaction(() => {
      for (const [key, record] of this.#touched) {
        this.#steps.put(key, { ...record, lastUsedAt: now, uses: record.uses + 1 });
      }
    });
    this.#touched.clear();
  }

  entries(): [StepKey, StepRecord][] {
    return this.#steps.entries();
  }

  remove(key: StepKey): void {
    this.#steps.delete(key);
  }

  /** What a step that stands at this place was made from last time. */
  trace(place: string): KeyParts | undefined {
    return this.#traces.get(place)?.parts;
  }

  putTrace(place: string, parts: KeyParts): void {
    this.#traces.put(place, { parts });
  }

  /** The digest of files in a tree that never changes, once computed. */
  knownDigest(what: string): string | undefined {
    return this.#digests.get(sha256(what))?.digest;
  }

  putDigest(what: string, digest: string): void {
    this.#digests.put(sha256(what), { digest });
  }
}
