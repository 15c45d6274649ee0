import type { ByteRange, ObjectBody, ObjectInfo, RegistryStorage } from "../registry-storage.ts";
import { S3Bucket } from "./s3-bucket.ts";
import type { S3Settings } from "./s3-settings.ts";
import { S3Uploads } from "./s3-uploads.ts";

/** A bucket of any S3-compatible object store. Its own replication and durability are the storage's. */
export class S3Storage implements RegistryStorage {
  readonly uploads: S3Uploads;
  private readonly bucket: S3Bucket;

  constructor(settings: S3Settings) {
    this.bucket = new S3Bucket(settings);
    this.uploads = new S3Uploads(this.bucket, settings.partSize);
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    const stream = await this.bucket.get(key);
    if (stream === undefined) return undefined;
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  async write(key: string, bytes: Uint8Array | string): Promise<void> {
    await this.bucket.put(key, bytes);
  }

  async create(key: string, bytes: Uint8Array | string): Promise<boolean> {
    // Not every compatible store knows the condition, so the common case is looked at first.
    if ((await this.bucket.head(key)) !== undefined) return false;
    return await this.bucket.put(key, bytes, true);
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    return await this.bucket.head(key);
  }

  async touch(key: string, staleAfter: number): Promise<boolean> {
    const info = await this.bucket.head(key);
    if (info === undefined) return false;
    if (info.modifiedAt < Date.now() - staleAfter) await this.bucket.copy(key, key, info.size);
    return true;
  }

  async remove(key: string, within?: number): Promise<void> {
    await this.bucket.remove(key, within);
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    yield* this.bucket.list(prefix);
  }

  async body(key: string, range?: ByteRange): Promise<ObjectBody> {
    const stream = await this.bucket.get(key, range);
    if (stream === undefined) throw new Error(`Cannot read "${key}": it is not there`);
    return stream;
  }

  async check(): Promise<void> {
    await this.bucket.check();
  }
}
