import type { RemoteRepository } from "../../distribution/index.ts";
import {
  type ChainId,
  type Descriptor,
  type DiffId,
  EngineError,
  errorKind,
  errorMessage,
  internal,
  shortId,
} from "../../spec/index.ts";
import type { BlobWriter } from "../../store/index.ts";
import type { ImageContext } from "./image-context.ts";
import type { ProgressQueue } from "./progress-queue.ts";

export interface LayerToPull {
  readonly blob: Descriptor;
  readonly diffId: DiffId;
  readonly chainId: ChainId;
  readonly parent: ChainId | undefined;
}

/** One layer on its way: where it comes from, where to tell of it, who may stop it. */
interface Transfer {
  readonly context: ImageContext;
  readonly repository: RemoteRepository;
  readonly layer: LayerToPull;
  readonly progress: ProgressQueue;
  readonly signal: AbortSignal;
}

/**
 * Makes sure of one layer: its bytes flow once from the registry into the blob's file and the unpacking
 * process. The layer appears only when both digests are right.
 */
export async function pullLayer(transfer: Transfer): Promise<void> {
  const { context, layer, progress, signal } = transfer;
  const id = shortId(layer.blob.digest);
  const work = async () => {
    const { chainId, parent, diffId, blob } = layer;
    const wanted = { chainId, parent, diffId, blob: blob.digest };
    try {
      await context.store.snapshots.ensureLayer(wanted, () => layerBytes(transfer), { signal });
    } catch (error) {
      if (errorKind(error) !== "invalid-argument") throw error;
      throw internal(`failed to register layer: ${errorMessage(error)}`, error);
    }
  };
  await context.downloads.run(work, () => progress.status(id, "Waiting"), signal);
  progress.status(id, "Pull complete");
}

async function* layerBytes(transfer: Transfer): AsyncGenerator<Uint8Array> {
  const { context, layer, signal } = transfer;
  const { content } = context.store;
  const { digest, size } = layer.blob;
  const writer =
    content.stat(digest) === undefined ? await content.ingest(digest, { size, signal }) : undefined;
  if (writer === undefined) {
    yield* storedBytes(transfer);
  } else if (writer.offset > 0) {
    // What an earlier attempt has left is in a file already: complete it, then read it from the start.
    for await (const _ of download(transfer, writer));
    yield* storedBytes(transfer);
  } else {
    yield* download(transfer, writer);
  }
}

async function* storedBytes({ context, layer, progress }: Transfer): AsyncGenerator<Uint8Array> {
  const id = shortId(layer.blob.digest);
  let current = 0;
  progress.status(id, "Download complete");
  for await (const chunk of context.store.content.open(layer.blob.digest)) {
    current += chunk.length;
    progress.progress(id, "Extracting", current, layer.blob.size);
    yield chunk;
  }
}

/** Downloads the rest of a blob into its file and yields it on the way; the blob is committed at the end. */
async function* download(transfer: Transfer, writer: BlobWriter): AsyncGenerator<Uint8Array> {
  const { repository, layer, progress, signal } = transfer;
  const { digest, size } = layer.blob;
  const id = shortId(digest);
  let current = writer.offset;
  try {
    for await (const chunk of repository.blob(layer.blob, { start: current, signal })) {
      current += chunk.length;
      progress.progress(id, "Downloading", current, size);
      yield* passWhile(writer.write(chunk), chunk);
    }
    progress.status(id, "Verifying Checksum");
    await commit(writer, digest);
    progress.status(id, "Download complete");
    progress.progress(id, "Extracting", size, size);
  } finally {
    await writer.close();
  }
}

async function commit(writer: BlobWriter, digest: string): Promise<void> {
  try {
    await writer.commit();
  } catch (error) {
    if (errorKind(error) !== "invalid-argument") throw error;
    const message = `filesystem layer verification failed for digest ${digest}`;
    throw new EngineError("internal", message, { cause: error });
  }
}

/** Hands a chunk to the reader while it is being written; goes on when both have it. */
async function* passWhile(writing: Promise<void>, chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  // A failure is thrown below; until then nobody else may take it for unhandled.
  writing.catch(() => undefined);
  try {
    yield chunk;
  } finally {
    await writing;
  }
}
