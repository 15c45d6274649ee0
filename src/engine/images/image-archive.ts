import { posix } from "node:path";
import { decompress, detectCompression, type TarEntry, TarReader } from "../../archive/index.ts";
import { type Digest, invalidArgument, isDigest } from "../../spec/index.ts";
import type { BlobInfo, BlobWriter, ContentStore, StagedLayer, Store } from "../../store/index.ts";
import { Slots } from "./slots.ts";

const DOCUMENTS = new Set(["manifest.json", "index.json", "oci-layout", "repositories"]);
const DOCUMENT_LIMIT = 16 << 20;
/** Files of the oldest format that later ones repeat. */
const IGNORED = /(^|\/)(VERSION|json)$/;
const OCI_BLOB = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/;
const MOST_FILES = 100_000;
const CONCURRENT_UNPACKS = 3;
const CONCURRENT_COMMITS = 4;

/**
 * What an image archive holds: its few named documents in memory, everything else in the content store.
 * What looks like a layer is unpacked while it is read, before anybody knows where it belongs; those that
 * get no place are removed at the end.
 */
export class ImageArchive implements AsyncDisposable {
  /** `manifest.json`, `index.json` and their like. */
  readonly documents = new Map<string, Uint8Array>();
  private readonly content: ContentStore;
  private readonly blobs = new Map<string, BlobInfo>();
  private readonly links = new Map<string, string>();
  private readonly layers = new Map<Digest, Promise<StagedLayer | undefined>>();
  private readonly holds = new DisposableStack();
  private readonly unpacking = new Slots(CONCURRENT_UNPACKS);
  /** Blobs that have been read and are on their way to the disk. */
  private readonly committing = new Set<Promise<void>>();
  private failure: { error: unknown } | undefined;

  private constructor(
    private readonly store: Store,
    private readonly signal: AbortSignal,
  ) {
    this.content = store.content;
  }

  /**
   * Reads an archive once, in constant memory. Paths are keys only and never reach the file system. Blobs
   * of an OCI layout are verified against their names. `invalid-argument`.
   */
  static async read(
    store: Store,
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<ImageArchive> {
    const archive = new ImageArchive(store, signal);
    try {
      const reader = new TarReader(decompress(body));
      for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
        signal.throwIfAborted();
        await archive.take(reader, entry);
        if (archive.failure !== undefined) break;
      }
      await Promise.all(archive.committing);
      if (archive.failure !== undefined) throw archive.failure.error;
      return archive;
    } catch (error) {
      await archive[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The blob at a path, links followed; one that is named by its digest may be in the store already. */
  blob(path: string): BlobInfo | undefined {
    let at: string | undefined = cleanPath(path);
    for (let hops = 0; at !== undefined && hops < 10; hops++) {
      const found = this.blobs.get(at);
      if (found !== undefined) return found;
      at = this.links.get(at);
    }
    return this.knownBlob(cleanPath(path));
  }

  /** What another engine has left out because it is here. */
  private knownBlob(path: string): BlobInfo | undefined {
    const digest = digestOf(path);
    const known = digest === undefined ? undefined : this.content.stat(digest);
    if (known !== undefined) this.hold(known.digest);
    return known;
  }

  /** The blob's tree, unpacked, if it was a layer. Whoever places it has taken it. */
  async takeLayer(digest: Digest): Promise<StagedLayer | undefined> {
    const layer = await this.layers.get(digest);
    this.layers.delete(digest);
    return layer;
  }

  /** Protects a blob until the archive is disposed of. */
  hold(digest: Digest): void {
    this.holds.use(this.content.hold(digest));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.committing);
    for (const layer of this.layers.values()) (await layer)?.[Symbol.dispose]();
    this.holds.dispose();
  }

  private async take(reader: TarReader, entry: TarEntry): Promise<void> {
    const path = cleanPath(entry.path);
    if (entry.type === "link") this.links.set(path, cleanPath(entry.linkTarget));
    if (entry.type === "symlink") {
      this.links.set(path, cleanPath(posix.join(posix.dirname(path), entry.linkTarget)));
    }
    if (entry.type !== "file" || IGNORED.test(path)) return;
    if (DOCUMENTS.has(path)) this.documents.set(path, await reader.readAll(DOCUMENT_LIMIT));
    else await this.storeMember(reader, path, entry.size);
    if (this.blobs.size > MOST_FILES) throw invalidArgument("Cannot load images: too many files");
  }

  private async storeMember(reader: TarReader, path: string, size: number): Promise<void> {
    const digest = digestOf(path);
    if (digest === undefined) {
      return await this.writeMember(reader, path, await this.content.create());
    }
    this.hold(digest);
    const known = this.content.stat(digest);
    if (known !== undefined) {
      this.blobs.set(path, known);
      return;
    }
    const writer = await this.content.ingest(digest, { size, signal: this.signal });
    if (writer === undefined) this.blobs.set(path, { digest, size });
    else await this.writeMember(reader, path, writer);
  }

  private async writeMember(reader: TarReader, path: string, writer: BlobWriter): Promise<void> {
    let isLayer: boolean | undefined;
    try {
      if (writer.offset > 0) await writer.restart();
      for (let part = await reader.read(); part !== undefined; part = await reader.read()) {
        isLayer ??= looksLikeLayer(part);
        await writer.write(part);
      }
    } catch (error) {
      await writer.close();
      throw error;
    }
    const committing = this.commit(path, writer, isLayer === true)
      .catch((error: unknown) => {
        this.failure ??= { error };
      })
      .finally(() => this.committing.delete(committing));
    this.committing.add(committing);
    if (this.committing.size === CONCURRENT_COMMITS) await Promise.race(this.committing);
  }

  /** While the disk takes what has come, the next member is read. */
  private async commit(path: string, writer: BlobWriter, isLayer: boolean): Promise<void> {
    try {
      const info = await writer.commit();
      this.hold(info.digest);
      this.blobs.set(path, info);
      if (isLayer) this.stage(info.digest);
    } finally {
      await writer.close();
    }
  }

  /** Undefined for what is no layer after all: if an image needs it as one, unpacking it again says why. */
  private stage(digest: Digest): void {
    if (this.layers.has(digest)) return;
    const { signal } = this;
    const staging = this.unpacking.run(() => this.store.snapshots.stageLayer(digest, { signal }));
    this.layers.set(
      digest,
      staging.catch(() => undefined),
    );
  }
}

const cleanPath = (path: string): string => posix.join("/", path).slice(1);

function digestOf(path: string): Digest | undefined {
  const [, algorithm, hex] = OCI_BLOB.exec(path) ?? [];
  const digest = `${algorithm}:${hex}`;
  return algorithm !== undefined && isDigest(digest) ? digest : undefined;
}

function looksLikeLayer(start: Uint8Array): boolean {
  const magic = Buffer.from(start.subarray(257, 262)).toString("latin1");
  return magic === "ustar" || ["gzip", "zstd"].includes(detectCompression(start));
}
