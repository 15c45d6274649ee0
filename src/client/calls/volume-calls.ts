import {
  encodeFilters,
  type Filters,
  type ProgressMessage,
  type TrashedVolumeSummary,
  type Volume,
  type VolumeCloneOptions,
  type VolumeCreateRequest,
  type VolumeFile,
  type VolumeImportOptions,
  type VolumeList,
  type VolumeListOptions,
  type VolumePruneOptions,
  type VolumePruneReport,
  type VolumeRemoveOptions,
  type VolumeRestoreOptions,
  type VolumeSnapshotOptions,
  type VolumeSnapshotSummary,
  type VolumeTrashReport,
  type VolumeUsageReport,
} from "../../spec/index.ts";
import type { HttpTransport, RequestBody, RequestOptions } from "../http-transport.ts";
import { failingProgress } from "../progress-stream.ts";

const TRASH = "/berth/volumes/trash";

/** `/volumes`, and what Berth has beyond it. A `ref` is a volume's name, or `NAME@SNAPSHOT`. */
export class VolumeCalls {
  readonly #transport: HttpTransport;

  constructor(transport: HttpTransport) {
    this.#transport = transport;
  }

  list(options: Partial<VolumeListOptions> = {}): Promise<VolumeList> {
    const query = { filters: encodeFilters(options.filters) };
    return this.#transport.json("GET", "/volumes", { query });
  }

  inspect(name: string): Promise<Volume> {
    return this.#transport.json("GET", `/volumes/${encodeURIComponent(name)}`);
  }

  create(request: VolumeCreateRequest): Promise<Volume> {
    return this.#transport.json("POST", "/volumes/create", { json: request });
  }

  remove(name: string, options: Partial<VolumeRemoveOptions> = {}): Promise<void> {
    const query = { force: options.force, now: options.now === true || undefined };
    return this.#transport.send("DELETE", `/volumes/${encodeURIComponent(name)}`, { query });
  }

  /** `dryRun` is Berth's own: any other engine would prune, so ask it only where Berth answers. */
  prune(filters?: Filters, options: Partial<VolumePruneOptions> = {}): Promise<VolumePruneReport> {
    const query = {
      filters: encodeFilters(filters),
      "dry-run": options.dryRun || undefined,
      now: options.now || undefined,
    };
    return this.#transport.json("POST", "/volumes/prune", { query });
  }

  /** Berth's own, as all that follow: guards a volume against removal, or lifts the guard. */
  lock(name: string, locked: boolean): Promise<void> {
    return this.#transport.send("POST", own(name, locked ? "lock" : "unlock"));
  }

  rename(name: string, to: string): Promise<Volume> {
    return this.#transport.json("POST", own(name, "rename"), { query: { name: to } });
  }

  /** The last message's `aux` is the new volume. */
  clone(ref: string, { to, pause }: VolumeCloneOptions): Promise<AsyncIterable<ProgressMessage>> {
    return this.#progress(own(ref, "clone"), { query: { name: to, pause: flag(pause) } });
  }

  /** The last message's `aux` is the snapshot. */
  snapshot(name: string, options: VolumeSnapshotOptions): Promise<AsyncIterable<ProgressMessage>> {
    const query = { name: options.name, pause: flag(options.pause) };
    return this.#progress(own(name, "snapshot"), { query });
  }

  snapshots(name: string): Promise<VolumeSnapshotSummary[]> {
    return this.#transport.json("GET", own(name, "snapshots"));
  }

  removeSnapshot(name: string, snapshot: string): Promise<void> {
    return this.#transport.send("DELETE", own(name, "snapshots"), { query: { snapshot } });
  }

  restore(
    name: string,
    { snapshot, discard }: VolumeRestoreOptions,
  ): Promise<AsyncIterable<ProgressMessage>> {
    const query = { snapshot, discard: discard || undefined };
    return this.#progress(own(name, "restore"), { query });
  }

  export(ref: string, options: { pause: boolean }): Promise<AsyncIterable<Uint8Array>> {
    const query = { pause: flag(options.pause) };
    return this.#transport.stream("GET", own(ref, "export"), { query });
  }

  import(
    name: string,
    tar: RequestBody,
    options: VolumeImportOptions,
  ): Promise<AsyncIterable<ProgressMessage>> {
    return this.#progress(own(name, "import"), {
      query: { replace: options.replace || undefined },
      headers: { "Content-Type": "application/x-tar" },
      body: tar,
    });
  }

  files(ref: string, path: string): Promise<AsyncIterable<VolumeFile>> {
    return this.#transport.lines("GET", own(ref, "files"), { query: { path } });
  }

  content(ref: string, path: string): Promise<AsyncIterable<Uint8Array>> {
    return this.#transport.stream("GET", own(ref, "content"), { query: { path } });
  }

  usage(name: string): Promise<VolumeUsageReport> {
    return this.#transport.json("GET", own(name, "usage"));
  }

  trash(): Promise<TrashedVolumeSummary[]> {
    return this.#transport.json("GET", TRASH);
  }

  /** By id, or by name: then the one removed last. */
  restoreTrashed(ref: string, as?: string): Promise<Volume> {
    const path = `${TRASH}/${encodeURIComponent(ref)}/recover`;
    return this.#transport.json("POST", path, { query: { name: as } });
  }

  /** Everything, where nothing is named. */
  emptyTrash(refs: readonly string[] = []): Promise<VolumeTrashReport> {
    return this.#transport.json("DELETE", TRASH, { query: { id: refs } });
  }

  async #progress(where: string, options: RequestOptions): Promise<AsyncIterable<ProgressMessage>> {
    return failingProgress(await this.#transport.lines("POST", where, options));
  }
}

const flag = (value: boolean): string => (value ? "1" : "0");

function own(ref: string, verb: string): string {
  return `/berth/volumes/${encodeURIComponent(ref)}/${verb}`;
}
