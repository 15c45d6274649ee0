import { join } from "node:path";
import { invalidArgument } from "../../spec/index.ts";
import type { Tree } from "../../store/index.ts";
import { treeIdentity } from "../cache/step-cache.ts";
import type { RunMount } from "../dockerfile/index.ts";
import { contentDigest } from "../files/content-digest.ts";
import { DiskTree } from "../files/disk-tree.ts";
import { selectFiles } from "../files/select-files.ts";
import { resolveInTree, type SourceTree } from "../files/source-tree.ts";
import type { SourceOf } from "../steps/run-mounts.ts";
import type { BuildJob } from "./build-job.ts";

/** What a `from` stands for: a tree of the store, or files. */
export type ResolvedSource =
  | { readonly kind: "tree"; readonly tree: Tree }
  | { readonly kind: "files"; readonly files: SourceTree };

type BindMount = Extract<RunMount, { type: "bind" | "cache" }>;

/** The files that the instructions of one stage take from elsewhere. */
export class StageSources implements SourceOf {
  readonly #job: BuildJob;
  readonly #resolve: (from: string | undefined) => Promise<ResolvedSource>;

  /** `resolve`: waits for a stage, pulls an image; the build's own context for `undefined`. */
  constructor(job: BuildJob, resolve: (from: string | undefined) => Promise<ResolvedSource>) {
    this.#job = job;
    this.#resolve = resolve;
  }

  /** `identity`: names a tree that never changes. */
  async filesOf(
    from: string | undefined,
  ): Promise<{ tree: SourceTree; keepsOwners: boolean; identity?: string }> {
    const source = await this.#resolve(from);
    if (source.kind === "files") return { tree: source.files, keepsOwners: false };
    const tree = this.#job.mounted(source.tree);
    return { tree, keepsOwners: true, identity: treeIdentity(source.tree) };
  }

  async digest(mount: RunMount): Promise<string> {
    if (mount.type !== "bind" && (mount.type !== "cache" || mount.from === undefined)) return "";
    const source = await this.#resolve(mount.from);
    if (source.kind === "tree") return treeIdentity(source.tree);
    const path = mount.source ?? "/";
    const [selected] = await selectFiles(source.files, literal(path), {
      exclude: [],
      parents: false,
    });
    if (selected === undefined) throw notThere(path);
    return (await contentDigest(source.files, selected.items, { owners: false })).digest;
  }

  async place(mount: BindMount, held: AsyncDisposableStack): Promise<string> {
    const source = await this.#resolve(mount.from);
    const { builds } = this.#job.services.environment.store;
    const writable = mount.type === "bind" && mount.writable;
    const path = mount.source ?? "/";
    const files = source.kind === "tree" ? this.#job.mounted(source.tree) : source.files;
    const resolved = resolveInTree(files, path);
    if (resolved === undefined) throw notThere(path);
    if (!writable) return join(await this.#onDisk(files), resolved);
    const mounted =
      source.kind === "tree"
        ? builds.mount(source.tree, { writable: true })
        : builds.overlay(await this.#onDisk(files));
    return join(held.use(mounted).path, resolved);
  }

  /** A directory with the files; what is no directory yet is made one, once for the whole build. */
  async #onDisk(files: SourceTree): Promise<string> {
    return files instanceof DiskTree ? files.root : await this.#job.materialized(files);
  }
}

const literal = (path: string): string => path.replace(/[\\*?[]/g, "\\$&");
const notThere = (path: string): Error =>
  invalidArgument(`cannot mount "${path}": it is not there`);
