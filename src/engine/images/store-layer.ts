import { detectCompression } from "../../archive/index.ts";
import { type Descriptor, MediaType } from "../../spec/index.ts";
import type { BlobInfo, BlobWriter, StagedLayer, Store } from "../../store/index.ts";

/** A layer's blob in the content store, and its tree unpacked and without a place yet. */
export interface StoredLayer {
  readonly blob: Descriptor;
  readonly staged: StagedLayer;
}

/** Stores a layer's bytes as they come and unpacks them on the way. The caller disposes of what it got. */
export async function storeLayer(
  store: Store,
  stream: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<StoredLayer> {
  const writer = await store.content.create();
  try {
    const copy = new CopyToBlob(stream, writer);
    const options = signal === undefined ? {} : { signal };
    const staged = await store.snapshots.stageLayer(copy.bytes(), options);
    try {
      const info = await writer.commit();
      return { blob: { mediaType: layerMediaType(copy.start), ...info }, staged };
    } catch (error) {
      staged[Symbol.dispose]();
      throw error;
    }
  } finally {
    await writer.close();
  }
}

/** By the layer's first bytes. */
export function layerMediaType(start: Uint8Array): string {
  const types: Record<string, string> = {
    gzip: MediaType.ociLayerGzip,
    zstd: MediaType.ociLayerZstd,
  };
  return types[detectCompression(start)] ?? MediaType.ociLayer;
}

/** Hands a chunk to the reader while it is being written; goes on when both have it. */
export async function* passWhile(
  writing: Promise<void>,
  chunk: Uint8Array,
): AsyncGenerator<Uint8Array> {
  // A failure is thrown below; until then nobody else may take it for unhandled.
  writing.catch(() => undefined);
  try {
    yield chunk;
  } finally {
    await writing;
  }
}

/** Passes a stream on to a reader and writes what has passed into a blob. */
export class CopyToBlob {
  /** The first bytes that have passed: enough to tell what they are. */
  start: Uint8Array = new Uint8Array();
  /** Settles when the reader takes no more. */
  readonly read: Promise<void>;
  private readonly iterator: AsyncIterator<Uint8Array>;
  private readonly markRead: () => void;

  constructor(
    stream: AsyncIterable<Uint8Array>,
    private readonly writer: BlobWriter,
  ) {
    this.iterator = stream[Symbol.asyncIterator]();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.read = promise;
    this.markRead = resolve;
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    try {
      for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) {
        yield* passWhile(this.writer.write(chunk), chunk);
      }
    } finally {
      this.markRead();
    }
  }

  /** Writes what the reader has left and commits. */
  async finish(): Promise<BlobInfo> {
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) {
      await this.writer.write(chunk);
    }
    return await this.writer.commit();
  }

  private async next(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.iterator.next();
    if (done === true) return undefined;
    if (this.start.length < 512) this.start = Buffer.concat([this.start, value.subarray(0, 512)]);
    return value;
  }
}
