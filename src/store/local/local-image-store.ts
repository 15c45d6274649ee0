import {
  type Digest,
  familiarString,
  type ImageId,
  isDigest,
  notFound,
  parseReference,
  type Reference,
  referenceString,
  withDefaultTag,
} from "../../spec/index.ts";
import type {
  ImageMarks,
  ImageRecord,
  ImageReference,
  ImageRemoval,
  ImageStore,
} from "../image-store.ts";
import type { RecordStore } from "../record-store.ts";
import { type Garbage, sizeOf } from "./garbage.ts";
import { blobsOf, type ImageTable } from "./image-table.ts";
import type { LayerTable } from "./layer-table.ts";

const NEVER = "0001-01-01T00:00:00Z";

export class LocalImageStore implements ImageStore {
  readonly #images: ImageTable;
  readonly #layers: LayerTable;
  readonly #records: RecordStore;
  readonly #garbage: Garbage;

  constructor(images: ImageTable, layers: LayerTable, records: RecordStore, garbage: Garbage) {
    this.#images = images;
    this.#layers = layers;
    this.#records = records;
    this.#garbage = garbage;
  }

  put(image: Omit<ImageRecord, "lastTagTime" | keyof ImageMarks>): ImageRecord {
    const missing = image.layers.find(({ chainId }) => this.#layers.get(chainId) === undefined);
    if (missing !== undefined) {
      throw notFound(`Cannot record image ${image.id}: layer ${missing.chainId} is not there`);
    }
    const before = this.get(image.id);
    const record: ImageRecord = {
      ...image,
      lastTagTime: before?.lastTagTime ?? NEVER,
      ...(before?.locked === undefined ? {} : { locked: before.locked }),
      ...(before?.lastUsedTime === undefined ? {} : { lastUsedTime: before.lastUsedTime }),
    };
    this.#images.put(record);
    return record;
  }

  mark(id: ImageId, marks: ImageMarks): ImageRecord {
    return this.#records.transaction(() => {
      const image = this.get(id);
      if (image === undefined) throw notFound(`No such image: ${id}`);
      const record = { ...image, ...marks };
      this.#images.put(record);
      return record;
    });
  }

  get(id: ImageId): ImageRecord | undefined {
    return this.#images.get(id);
  }

  list(): ImageRecord[] {
    return this.#images.all();
  }

  find(nameOrId: string): ImageRecord {
    const id = /^[0-9a-f]{64}$/.test(nameOrId) ? `sha256:${nameOrId}` : nameOrId;
    if (isDigest(id)) {
      return this.get(id as string as ImageId) ?? fail(nameOrId);
    }
    const reference = parseReference(nameOrId);
    const named = this.resolve(reference);
    const found = named?.imageId ?? this.#byPrefix(nameOrId);
    const shown = familiarString(withDefaultTag(reference));
    return (found === undefined ? undefined : this.get(found)) ?? fail(shown);
  }

  resolve(reference: Reference): ImageReference | undefined {
    const key = referenceKey(reference);
    return this.#images.reference(key);
  }

  tag(reference: Reference, id: ImageId, digest?: Digest): ImageId | undefined {
    const key = referenceKey(reference);
    return this.#records.transaction(() => {
      const image = this.get(id);
      if (image === undefined) throw notFound(`No such image: ${id}`);
      const before = this.#images.reference(key)?.imageId;
      const manifest = digest ?? reference.digest;
      this.#images.putReference({
        reference: key,
        imageId: id,
        ...(manifest === undefined ? {} : { digest: manifest }),
      });
      this.#images.put({ ...image, lastTagTime: new Date().toISOString() });
      return before;
    });
  }

  untag(reference: Reference): ImageId | undefined {
    const key = referenceKey(reference);
    const before = this.#images.reference(key)?.imageId;
    this.#images.deleteReference(key);
    return before;
  }

  references(id?: ImageId): ImageReference[] {
    return this.#images.references(id);
  }

  children(id: ImageId): ImageId[] {
    return this.#images.children(id);
  }

  remove(id: ImageId): ImageRemoval {
    const image = this.get(id);
    if (image === undefined) throw notFound(`No such image: ${id}`);
    const untagged = this.references(id).map(({ reference }) => reference);
    // One transaction for all rows; files go afterwards, and a crash between leaves them to the next
    // collection of garbage.
    const layers = this.#records.transaction(() => {
      this.#images.delete(id);
      return this.#garbage.deleteUnusedLayers(image.layers.at(-1)?.chainId);
    });
    this.#garbage.discard(layers);
    for (const digest of blobsOf(image)) this.#garbage.removeUnusedBlob(digest);
    return {
      untagged,
      deleted: [id],
      layers: layers.map(({ chainId }) => chainId),
      freed: sizeOf(layers),
    };
  }

  #byPrefix(text: string): ImageId | undefined {
    const hex = text.replace(/^sha256:/, "");
    if (!/^[0-9a-f]{1,64}$/.test(hex)) return undefined;
    const found = this.#images.withPrefix(hex);
    return found.length === 1 ? found[0] : undefined;
  }
}

/** A digest says everything: a tag beside it is dropped. */
function referenceKey(reference: Reference): string {
  const { domain, path, digest } = withDefaultTag(reference);
  return referenceString(
    digest === undefined ? withDefaultTag(reference) : { domain, path, digest },
  );
}

function fail(shown: string): never {
  throw notFound(`No such image: ${shown}`);
}
