import type { Digest } from "../../spec/index.ts";
import type { BlobInfo, ContentStore } from "../../store/index.ts";

/** Stores a stream whose digest nobody knows yet. What fails on the way leaves nothing. */
export async function storeStream(
  content: ContentStore,
  stream: AsyncIterable<Uint8Array>,
): Promise<BlobInfo> {
  const writer = await content.create();
  try {
    for await (const chunk of stream) await writer.write(chunk);
    return await writer.commit();
  } finally {
    await writer.close();
  }
}

/** Passes a stream through and knows its sha256 and length at the end. */
export class HashedStream {
  private readonly hasher = new Bun.CryptoHasher("sha256");
  /** Bytes that have passed. */
  size = 0;

  async *pass(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      this.hasher.update(chunk);
      this.size += chunk.length;
      yield chunk;
    }
  }

  digest(): Digest {
    return `sha256:${this.hasher.digest("hex")}` as Digest;
  }
}
