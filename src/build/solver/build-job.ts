import { join } from "node:path";
import type { BuildLimits, Digest } from "../../spec/index.ts";
import { EngineError } from "../../spec/index.ts";
import type { Tree } from "../../store/index.ts";
import type { Material } from "../attest/provenance.ts";
import type { AuthByHost, BuildEnvironment } from "../build-environment.ts";
import type { CacheMounts } from "../cache/cache-mounts.ts";
import { explainMiss } from "../cache/explain-miss.ts";
import { type KeyParts, type StepCache, stepKey, treeIdentity } from "../cache/step-cache.ts";
import type { ContextFiles } from "../contexts/context-files.ts";
import type { Dockerfile } from "../dockerfile/index.ts";
import { DiskTree } from "../files/disk-tree.ts";
import { materialize } from "../files/materialize.ts";
import type { SourceTree } from "../files/source-tree.ts";
import type { BuildProgress, VertexProgress } from "./build-events.ts";
import type { Slots } from "./slots.ts";

/** Named contexts that are images take the place of stages and images. */
export type NamedContext =
  | { readonly kind: "files"; readonly tree: SourceTree }
  | { readonly kind: "image"; readonly reference: string };

/** What one build is to do; everything is checked. */
export interface BuildOptions {
  readonly dockerfile: Dockerfile;
  readonly target?: string;
  readonly context: SourceTree;
  readonly contexts: ReadonlyMap<string, NamedContext>;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly noCache: boolean;
  /** Stages that run again, by name (lower case) or number. */
  readonly noCacheFilter: ReadonlySet<string>;
  readonly pull: boolean;
  readonly network: string;
  readonly extraHosts: readonly string[];
  readonly limits: BuildLimits;
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  /** Joins the client's agent of that id; `undefined` where it has none. */
  readonly agent: (id: string) => (() => Promise<AgentConnection>) | undefined;
  readonly allow: ReadonlySet<string>;
  readonly auth: AuthByHost;
  readonly explainCache: boolean;
  /** Seconds since the epoch. */
  readonly sourceDateEpoch?: number;
  /** Instructions that only change the configuration are steps too, as the classic builder counts. */
  readonly countsAll: boolean;
  readonly keepFailed: boolean;
  /** Results that others have computed: by identity of the tree and operation. */
  readonly imported: ImportedSteps;
}

/** A two-way byte stream to the client's agent. */
export type AgentConnection = import("node:stream").Duplex;

/** Cached steps of `--cache-from`. */
export interface ImportedSteps {
  find(parent: Tree, operation: Digest, signal: AbortSignal): Promise<Tree | undefined>;
}

/** What builds share. */
export interface BuildServices {
  readonly environment: BuildEnvironment;
  readonly cache: StepCache;
  readonly cacheMounts: CacheMounts;
  readonly files: ContextFiles;
  /** Commands that run at once, over all builds. */
  readonly slots: Slots;
  /** Steps that are being done, by key. */
  readonly underWay: Map<string, Promise<Tree>>;
}

export interface CachedStep {
  readonly vertex: VertexProgress;
  readonly parent: Tree;
  readonly operation: Digest;
  /** What the operation's digest was made of. */
  readonly parts: KeyParts;
  readonly description: string;
  readonly ignoreCache: boolean;
  /** Names the step among all builds of the same Dockerfile. */
  readonly place: string;
  execute(): Promise<Tree>;
}

export interface StepResult {
  readonly tree: Tree;
  readonly cached: boolean;
  /** RFC 3339: when it was done. */
  readonly createdAt: string;
}

/** One build under way: what its steps share. Disposal lets go of everything. */
export class BuildJob implements AsyncDisposable {
  readonly services: BuildServices;
  readonly options: BuildOptions;
  readonly progress: BuildProgress;
  readonly signal: AbortSignal;
  readonly held = new DisposableStack();
  /** What the build was made from, by its address: images, files and repositories from elsewhere. */
  readonly materials = new Map<string, Material>();
  readonly #trees = new Map<string, DiskTree>();
  readonly #materialized = new Map<SourceTree, Promise<string>>();

  constructor(
    services: BuildServices,
    options: BuildOptions,
    progress: BuildProgress,
    signal: AbortSignal,
  ) {
    this.services = services;
    this.options = options;
    this.progress = progress;
    this.signal = signal;
  }

  /** `digest`: algorithm → hex. An address that holds a password is noted without it. */
  noteMaterial(uri: string, digest: Material["digest"]): void {
    const plain = withoutUser(uri);
    this.materials.set(plain, { uri: plain, digest });
  }

  /** Keeps a tree for as long as the build goes on. */
  keep(tree: Tree): Tree {
    this.held.use(this.services.environment.store.builds.hold(tree));
    return tree;
  }

  /** A tree's files; mounted once for the whole build. */
  mounted(tree: Tree): DiskTree {
    const identity = treeIdentity(tree);
    const known = this.#trees.get(identity);
    if (known !== undefined) return known;
    const mounted = this.held.use(this.services.environment.store.builds.mount(tree));
    const files = new DiskTree(mounted.path, { image: true });
    this.#trees.set(identity, files);
    return files;
  }

  /** A directory of the host with the files of a tree that is none. */
  materialized(files: SourceTree): Promise<string> {
    const known = this.#materialized.get(files);
    if (known !== undefined) return known;
    const { builds } = this.services.environment.store;
    const place = join(builds.directory("contexts"), crypto.randomUUID());
    this.held.defer(() => builds.discard(place));
    const made = materialize(files, place, this.signal);
    this.#materialized.set(files, made);
    return made;
  }

  /** The step's result from a cache, or by doing it. */
  async step(step: CachedStep): Promise<StepResult> {
    this.signal.throwIfAborted();
    const key = stepKey(step.parent, step.operation);
    const found = step.ignoreCache ? undefined : await this.#find(step, key);
    if (found !== undefined) {
      step.vertex.cached();
      return found;
    }
    this.#explain(step);
    step.vertex.started();
    const tree = await this.#execute(step, key);
    step.vertex.finished();
    const createdAt = this.services.cache.find(key)?.createdAt ?? new Date().toISOString();
    return { tree, cached: false, createdAt };
  }

  async #find(step: CachedStep, key: string): Promise<StepResult | undefined> {
    const { cache } = this.services;
    const record = cache.find(key);
    if (record !== undefined) {
      return { tree: this.keep(record.tree), cached: true, createdAt: record.createdAt };
    }
    const imported = await this.options.imported.find(step.parent, step.operation, this.signal);
    if (imported === undefined) return undefined;
    cache.put(key, this.keep(imported), step.description);
    return { tree: imported, cached: true, createdAt: cache.find(key)?.createdAt ?? "" };
  }

  /** Two that want the same at once wait for one of them, unless that fails. */
  async #execute(step: CachedStep, key: string): Promise<Tree> {
    const { underWay, cache } = this.services;
    const other = step.ignoreCache ? undefined : underWay.get(key);
    if (other !== undefined) {
      const tree = await other.catch(() => undefined);
      this.signal.throwIfAborted();
      if (tree !== undefined && this.services.environment.store.builds.has(tree))
        return this.keep(tree);
    }
    const work = step.execute().then((tree) => {
      this.keep(tree);
      cache.put(key, tree, step.description);
      cache.putTrace(step.place, this.#parts(step));
      return tree;
    });
    underWay.set(key, work);
    try {
      return await work;
    } finally {
      if (underWay.get(key) === work) underWay.delete(key);
    }
  }

  #parts(step: CachedStep): KeyParts {
    return { "the step before": treeIdentity(step.parent), ...step.parts };
  }

  #explain(step: CachedStep): void {
    if (!this.options.explainCache) return;
    const reason = step.ignoreCache
      ? "the cache is not to be used"
      : explainMiss(this.services.cache.trace(step.place), this.#parts(step));
    step.vertex.miss(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.services.cache.noteUses();
    this.held.dispose();
  }
}

/** An address as it may be told to everybody. */
export const withoutUser = (address: string): string =>
  address.replace(/^([a-z][a-z+]*:\/\/)[^@/]*@/i, "$1");

/** Why a build ends that its client has left. */
export const cancelled = (): EngineError => new EngineError("cancelled", "the build was cancelled");
