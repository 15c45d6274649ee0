import { UploadBusy, type UploadStorage } from "../registry-storage.ts";
import { Turns } from "../turns.ts";
import type { Part, S3Bucket } from "./s3-bucket.ts";

interface State {
  readonly uploadId: string;
  readonly parts: readonly Part[];
  /** Bytes of the tail: what follows the parts and is too little for one. */
  readonly tail: number;
  readonly sealed: boolean;
}

/** What all uploads together may hold; each part is in memory twice while it is sent. Bytes. */
const MEMORY = 256 << 20;

const dataKey = (id: string): string => `uploads/${id}/data`;
const tailKey = (id: string): string => `uploads/${id}/tail`;
const stateKey = (id: string): string => `uploads/${id}/state`;

/**
 * An upload is a multipart upload whose parts all have the same size; what is too little for a part waits
 * in an object of its own. `state` says after each part how far it is: a part that it does not know is sent
 * again under its number.
 */
export class S3Uploads implements UploadStorage {
  readonly readsUnsealed = false;
  private readonly busy = new Set<string>();
  /** One for each part that is gathered. */
  private readonly turns: Turns;

  constructor(
    private readonly bucket: S3Bucket,
    private readonly partSize: number,
  ) {
    this.turns = new Turns(Math.max(2, Math.floor(MEMORY / (2 * partSize))));
  }

  async create(id: string): Promise<void> {
    const uploadId = await this.bucket.startMultipart(dataKey(id));
    await this.writeState(id, { uploadId, parts: [], tail: 0, sealed: false });
  }

  async size(id: string): Promise<number | undefined> {
    const state = await this.readState(id);
    return state && sizeOf(state);
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
    let state = await this.requireState(id);
    if (state.sealed) throw new UploadBusy(id);
    let endTurn = await this.turns.take();
    let waiting: Uint8Array[] = [];
    let waitingSize = 0;
    const sendPart = async (): Promise<void> => {
      const bytes = Buffer.concat(waiting);
      state = await this.sendPart(id, state, bytes.subarray(0, this.partSize));
      // A copy: the part's memory is not kept for the little that is over.
      waiting = [Buffer.from(bytes.subarray(this.partSize))];
      waitingSize -= this.partSize;
      await this.writeState(id, state);
    };
    try {
      if (state.tail > 0) waiting = [await this.readTail(id, state.tail)];
      waitingSize = state.tail;
      for await (const chunk of source) {
        waiting.push(chunk);
        waitingSize += chunk.length;
        if (waitingSize < this.partSize) continue;
        while (waitingSize >= this.partSize) await sendPart();
        endTurn();
        endTurn = await this.turns.take();
      }
    } finally {
      endTurn();
      // The old tail is a prefix of the new one, so both fit to either state.
      if (waitingSize > 0) await this.bucket.put(tailKey(id), Buffer.concat(waiting));
      state = { ...state, tail: waitingSize };
      await this.writeState(id, state);
    }
    return sizeOf(state);
  }

  async seal(id: string): Promise<void> {
    let state = await this.requireState(id);
    if (state.sealed) return;
    if (sizeOf(state) === 0) {
      await this.bucket.abortMultipart(dataKey(id), state.uploadId);
      await this.bucket.put(dataKey(id), "");
    } else if ((await this.bucket.head(dataKey(id)))?.size !== sizeOf(state)) {
      if (state.tail > 0)
        state = await this.sendPart(id, state, await this.readTail(id, state.tail));
      await this.bucket.completeMultipart(dataKey(id), state.uploadId, state.parts);
    }
    await this.writeState(id, { ...state, sealed: true });
  }

  async *read(id: string, start = 0): AsyncGenerator<Uint8Array> {
    const size = (await this.bucket.head(dataKey(id)))?.size ?? 0;
    if (start >= size) return;
    const stream = await this.bucket.get(dataKey(id), { start, end: size - 1 });
    if (stream !== undefined) yield* stream;
  }

  async publish(id: string, key: string): Promise<void> {
    await this.bucket.copy(dataKey(id), key, sizeOf(await this.requireState(id)));
  }

  async remove(id: string): Promise<void> {
    const state = await this.readState(id);
    if (state === undefined) return;
    if (!state.sealed) await this.bucket.abortMultipart(dataKey(id), state.uploadId);
    for (const key of [dataKey(id), tailKey(id), stateKey(id)]) await this.bucket.remove(key);
  }

  async *list(): AsyncGenerator<{ id: string; modifiedAt: number }> {
    for await (const { key, modifiedAt } of this.bucket.list("uploads")) {
      const [, id, word] = key.split("/");
      if (word === "state" && id !== undefined) yield { id, modifiedAt };
    }
  }

  /** The state with one part more and without a tail. */
  private async sendPart(id: string, state: State, bytes: Uint8Array): Promise<State> {
    const number = state.parts.length + 1;
    const etag = await this.bucket.putPart(dataKey(id), state.uploadId, number, bytes);
    return { ...state, parts: [...state.parts, { number, etag, size: bytes.length }], tail: 0 };
  }

  private async readTail(id: string, size: number): Promise<Uint8Array> {
    const stream = await this.bucket.get(tailKey(id), { start: 0, end: size - 1 });
    return new Uint8Array(await new Response(stream ?? null).arrayBuffer());
  }

  private async requireState(id: string): Promise<State> {
    const state = await this.readState(id);
    if (state === undefined) throw new Error(`Cannot continue upload "${id}": it is not there`);
    return state;
  }

  private async readState(id: string): Promise<State | undefined> {
    const stream = await this.bucket.get(stateKey(id));
    return stream === undefined ? undefined : ((await new Response(stream).json()) as State);
  }

  private async writeState(id: string, state: State): Promise<void> {
    await this.bucket.put(stateKey(id), JSON.stringify(state));
  }
}

function sizeOf({ parts, tail }: State): number {
  return parts.reduce((sum, part) => sum + part.size, tail);
}
