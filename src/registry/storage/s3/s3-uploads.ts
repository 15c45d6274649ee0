import { UploadBusy, type UploadStorage } from "../registry-storage.ts";
import type { Part, S3Bucket } from "./s3-bucket.ts";

interface State {
  readonly uploadId: string;
  /** Parts that there were when the tail was stored: with more of them the tail is in the last one. */
  readonly parts: number;
  /** Bytes of the tail. */
  readonly tail: number;
}

interface Progress extends State {
  readonly sent: readonly Part[];
  readonly size: number;
}

const dataKey = (id: string): string => `uploads/${id}/data`;
const tailKey = (id: string): string => `uploads/${id}/tail`;
const stateKey = (id: string): string => `uploads/${id}/state`;

/**
 * An upload is a multipart upload whose parts all have the same size; what is too little for a part waits
 * in an object of its own. Where it stands is always found in the object store.
 */
export class S3Uploads implements UploadStorage {
  readonly readsUnsealed = false;
  private readonly busy = new Set<string>();

  constructor(
    private readonly bucket: S3Bucket,
    private readonly partSize: number,
  ) {}

  async create(id: string): Promise<void> {
    const uploadId = await this.bucket.startMultipart(dataKey(id));
    await this.writeState(id, { uploadId, parts: 0, tail: 0 });
  }

  async size(id: string): Promise<number | undefined> {
    const progress = await this.progress(id);
    return progress === "sealed" ? (await this.bucket.head(dataKey(id)))?.size : progress?.size;
  }

  async exclusively<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.busy.has(id)) throw new UploadBusy(id);
    this.busy.add(id);
    try {
      return await work();
    } finally {
      this.busy.delete(id);
    }
  }

  async append(id: string, source: AsyncIterable<Uint8Array>): Promise<number> {
    const progress = await this.progress(id);
    if (progress === undefined || progress === "sealed") throw new UploadBusy(id);
    const { uploadId } = progress;
    let parts = progress.sent.length;
    let { size } = progress;
    let waiting: Uint8Array[] = progress.tail > 0 ? [await this.readTail(id, progress.tail)] : [];
    let waitingSize = progress.tail;
    const sendFull = async (): Promise<void> => {
      const bytes = Buffer.concat(waiting);
      let at = 0;
      for (; bytes.length - at >= this.partSize; at += this.partSize) {
        parts += 1;
        const part = bytes.subarray(at, at + this.partSize);
        await this.bucket.putPart(dataKey(id), uploadId, parts, part);
      }
      waiting = [bytes.subarray(at)];
      waitingSize = bytes.length - at;
    };
    try {
      for await (const chunk of source) {
        waiting.push(chunk);
        waitingSize += chunk.length;
        size += chunk.length;
        if (waitingSize >= this.partSize) await sendFull();
      }
    } finally {
      if (waitingSize > 0) await this.bucket.put(tailKey(id), Buffer.concat(waiting));
      await this.writeState(id, { uploadId, parts, tail: waitingSize });
    }
    return size;
  }

  async seal(id: string): Promise<void> {
    const progress = await this.progress(id);
    if (progress === undefined || progress === "sealed") return;
    const { uploadId, tail, size } = progress;
    if (size === 0) {
      await this.bucket.abortMultipart(dataKey(id), uploadId);
      await this.bucket.put(dataKey(id), "");
      return;
    }
    if (tail > 0) {
      const number = progress.sent.length + 1;
      await this.bucket.putPart(dataKey(id), uploadId, number, await this.readTail(id, tail));
    }
    const parts = (await this.bucket.parts(dataKey(id), uploadId)) ?? [];
    await this.bucket.completeMultipart(dataKey(id), uploadId, parts);
  }

  async *read(id: string, start = 0): AsyncGenerator<Uint8Array> {
    const size = (await this.bucket.head(dataKey(id)))?.size ?? 0;
    if (start >= size) return;
    const stream = await this.bucket.get(dataKey(id), { start, end: size - 1 });
    if (stream !== undefined) yield* stream;
  }

  async publish(id: string, key: string): Promise<void> {
    const size = (await this.bucket.head(dataKey(id)))?.size ?? 0;
    await this.bucket.copy(dataKey(id), key, size);
  }

  async remove(id: string): Promise<void> {
    const state = await this.readState(id);
    if (state === undefined) return;
    await this.bucket.abortMultipart(dataKey(id), state.uploadId);
    for (const key of [dataKey(id), tailKey(id), stateKey(id)]) await this.bucket.remove(key);
  }

  async *list(): AsyncGenerator<{ id: string; modifiedAt: number }> {
    for await (const { key, modifiedAt } of this.bucket.list("uploads")) {
      const [, id, word] = key.split("/");
      if (word === "state" && id !== undefined) yield { id, modifiedAt };
    }
  }

  private async progress(id: string): Promise<Progress | "sealed" | undefined> {
    const state = await this.readState(id);
    if (state === undefined) return undefined;
    const sent = await this.bucket.parts(dataKey(id), state.uploadId);
    if (sent === undefined) return "sealed";
    const tail = sent.length === state.parts ? state.tail : 0;
    const size = sent.reduce((sum, part) => sum + part.size, tail);
    return { uploadId: state.uploadId, parts: sent.length, tail, sent, size };
  }

  private async readTail(id: string, size: number): Promise<Uint8Array> {
    const stream = await this.bucket.get(tailKey(id), { start: 0, end: size - 1 });
    return new Uint8Array(await new Response(stream ?? null).arrayBuffer());
  }

  private async readState(id: string): Promise<State | undefined> {
    const stream = await this.bucket.get(stateKey(id));
    return stream === undefined ? undefined : ((await new Response(stream).json()) as State);
  }

  private async writeState(id: string, state: State): Promise<void> {
    await this.bucket.put(stateKey(id), JSON.stringify(state));
  }
}
