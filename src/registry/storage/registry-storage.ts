/** One object as the storage lists it. */
export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch; by the storage's clock. */
  readonly modifiedAt: number;
}

/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes on their way. A piece may be overwritten when the next one is asked for. */
export type ObjectBody = AsyncIterable<Uint8Array>;

/**
 * What the registry needs of a place for bytes. Keys are paths of safe words. Several servers may use one
 * place at once; every method is atomic by itself and seen by all at once after it has resolved.
 */
export interface RegistryStorage {
  readonly uploads: UploadStorage;
  /** A small document, whole. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Replaces; a reader sees the old bytes or the new. */
  write(key: string, bytes: Uint8Array | string): Promise<void>;
  /** Writes only if the key is free: false where it is not. */
  create(key: string, bytes: Uint8Array | string): Promise<boolean>;
  stat(key: string): Promise<ObjectInfo | undefined>;
  /** Makes `modifiedAt` younger than `staleAfter` milliseconds. False where there is no such object. */
  touch(key: string, staleAfter: number): Promise<boolean>;
  /** Idempotent. Gives up, where that takes long, after `within` milliseconds. */
  remove(key: string, within?: number): Promise<void>;
  /** Everything below `prefix/`; the direct children in the order of their names. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** The object's bytes, read as fast as they are asked for. */
  body(key: string, range?: ByteRange): Promise<ObjectBody>;
  /** Throws where the place cannot be used. */
  check(): Promise<void>;
}

/** Blobs that are still arriving. They outlive the process. */
export interface UploadStorage {
  /** Can `read` be used before `seal`? */
  readonly readsUnsealed: boolean;
  create(id: string): Promise<void>;
  /** Bytes that are safe; undefined where there is no such upload. */
  size(id: string): Promise<number | undefined>;
  /** Throws an UploadBusy where another request, here or on another server, works at the upload. */
  exclusively<T>(id: string, work: () => Promise<T>): Promise<T>;
  /** Adds to the end; resolves with the new size. What has come before the source fails is kept. */
  append(id: string, source: AsyncIterable<Uint8Array>): Promise<number>;
  /** Nothing follows any more; makes the bytes durable. Idempotent. */
  seal(id: string): Promise<void>;
  /** From byte `start` on to the present end. */
  read(id: string, start?: number): AsyncIterable<Uint8Array>;
  /** Makes the sealed upload the object `key`; the upload stays. */
  publish(id: string, key: string): Promise<void>;
  /** Idempotent. */
  remove(id: string): Promise<void>;
  list(): AsyncIterable<{ readonly id: string; readonly modifiedAt: number }>;
}

export class UploadBusy extends Error {
  constructor(id: string) {
    super(`Cannot continue upload "${id}": another request does`);
    this.name = "UploadBusy";
  }
}
