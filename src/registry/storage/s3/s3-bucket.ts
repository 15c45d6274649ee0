import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import type { ByteRange, ObjectInfo } from "../registry-storage.ts";
import type { S3Settings } from "./s3-settings.ts";

/** S3's bound for one CopyObject; also the size of the parts of a longer copy. Bytes. */
const COPY_LIMIT = 5 * 2 ** 30;
const COPY_PART = 2 ** 30;

export interface Part {
  readonly number: number;
  readonly etag: string;
  readonly size: number;
}

/** The calls to the object store that the registry makes, with keys below the prefix. */
export class S3Bucket {
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;

  constructor(settings: S3Settings) {
    this.bucket = settings.bucket;
    this.prefix = settings.prefix === "" ? "" : `${settings.prefix.replace(/\/+$/, "")}/`;
    this.client = new S3Client({
      region: settings.region,
      forcePathStyle: settings.pathStyle,
      // Blobs are verified by their digests; many compatible stores know no other checksums.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
      ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
    });
  }

  async get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    const { Body } =
      (await unlessMissing(
        this.client.send(
          new GetObjectCommand({
            ...this.at(key),
            ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` }),
          }),
        ),
      )) ?? {};
    return Body?.transformToWebStream() as ReadableStream<Uint8Array> | undefined;
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const found = await unlessMissing(this.client.send(new HeadObjectCommand(this.at(key))));
    if (found === undefined) return undefined;
    const modifiedAt = found.LastModified?.getTime() ?? 0;
    return { key, size: found.ContentLength ?? 0, modifiedAt };
  }

  /** False where `unlessThere` and something is; stores that do not know the condition replace it. */
  async put(key: string, bytes: Uint8Array | string, unlessThere = false): Promise<boolean> {
    try {
      // The SDK takes an empty text for a stream of unknown length.
      const Body = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
      const condition = unlessThere ? { IfNoneMatch: "*" } : {};
      await this.client.send(new PutObjectCommand({ ...this.at(key), Body, ...condition }));
      return true;
    } catch (error) {
      if (unlessThere && [409, 412].includes(statusOf(error))) return false;
      if (unlessThere && statusOf(error) === 501) return await this.put(key, bytes);
      throw error;
    }
  }

  async remove(key: string, within?: number): Promise<void> {
    const abort = within === undefined ? {} : { abortSignal: AbortSignal.timeout(within) };
    await unlessMissing(this.client.send(new DeleteObjectCommand(this.at(key)), abort));
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    let token: string | undefined;
    do {
      const page = await this.client.send(
        new ListObjectsV2Command({
          Bucket: this.bucket,
          Prefix: `${this.prefix}${prefix}/`,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      );
      for (const { Key = "", Size = 0, LastModified } of page.Contents ?? []) {
        const key = Key.slice(this.prefix.length);
        yield { key, size: Size, modifiedAt: LastModified?.getTime() ?? 0 };
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  /** On the server's side; also onto itself, for a new date. */
  async copy(from: string, to: string, size: number): Promise<void> {
    const source = `${this.bucket}/${encodeURI(this.prefix + from)}`;
    if (size <= COPY_LIMIT) {
      await this.client.send(
        new CopyObjectCommand({
          ...this.at(to),
          CopySource: source,
          // S3 refuses a copy onto itself that changes nothing.
          MetadataDirective: "REPLACE",
        }),
      );
      return;
    }
    const uploadId = await this.startMultipart(to);
    const parts: Part[] = [];
    for (let start = 0; start < size; start += COPY_PART) {
      const end = Math.min(start + COPY_PART, size) - 1;
      const number = parts.length + 1;
      const { CopyPartResult } = await this.client.send(
        new UploadPartCopyCommand({
          ...this.at(to),
          UploadId: uploadId,
          PartNumber: number,
          CopySource: source,
          CopySourceRange: `bytes=${start}-${end}`,
        }),
      );
      parts.push({ number, etag: CopyPartResult?.ETag ?? "", size: end - start + 1 });
    }
    await this.completeMultipart(to, uploadId, parts);
  }

  async startMultipart(key: string): Promise<string> {
    const { UploadId } = await this.client.send(new CreateMultipartUploadCommand(this.at(key)));
    if (UploadId === undefined) throw new Error("the object store gave no upload id");
    return UploadId;
  }

  /** Resolves with the part's ETag. */
  async putPart(key: string, uploadId: string, number: number, bytes: Uint8Array): Promise<string> {
    const at = { ...this.at(key), UploadId: uploadId, PartNumber: number };
    const { ETag } = await this.client.send(new UploadPartCommand({ ...at, Body: bytes }));
    return ETag ?? "";
  }

  async completeMultipart(key: string, uploadId: string, parts: readonly Part[]): Promise<void> {
    const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }));
    await this.client.send(
      new CompleteMultipartUploadCommand({
        ...this.at(key),
        UploadId: uploadId,
        MultipartUpload: { Parts },
      }),
    );
  }

  async abortMultipart(key: string, uploadId: string): Promise<void> {
    const abort = new AbortMultipartUploadCommand({ ...this.at(key), UploadId: uploadId });
    await unlessMissing(this.client.send(abort));
  }

  async check(): Promise<void> {
    await this.client.send(new HeadBucketCommand({ Bucket: this.bucket }));
  }

  private at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.bucket, Key: this.prefix + key };
  }
}

function statusOf(error: unknown): number {
  const { $metadata } = (error ?? {}) as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode ?? 0;
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}
