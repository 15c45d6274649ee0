import { type Descriptor, EngineError, errorKind } from "../spec/index.ts";
import type { RemoteRepository } from "./remote-repository.ts";

/** Uploads that the connection broke are begun anew; a stream cannot be sent twice. */
const MOST_ATTEMPTS = 5;

/** How a blob came to be in the repository. */
export type UploadResult =
  | { readonly how: "existed" | "uploaded" }
  | { readonly how: "mounted"; readonly from: string };

export interface UploadOptions {
  /** The blob's bytes, from the start; called again for another attempt. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /** Paths of repositories of the same registry that may have the blob. */
  readonly mountFrom?: readonly string[];
  /** Bytes sent so far. */
  readonly onProgress?: (sent: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Makes sure that the repository has the blob (OCI distribution-spec, "Pushing blobs"). */
export async function uploadBlob(
  repository: RemoteRepository,
  blob: Descriptor,
  options: UploadOptions,
): Promise<UploadResult> {
  if (await hasBlob(repository, blob, options.signal)) return { how: "existed" };
  for (const from of options.mountFrom ?? []) {
    if (await mountBlob(repository, blob, from, options.signal)) return { how: "mounted", from };
  }
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await repository.write({
        method: "POST",
        path: `v2/${repository.path}/blobs/uploads/`,
        signal: options.signal,
      });
      response.discard();
      await sendBlob(repository, blob, location(response.headers, response.url), options);
      return { how: "uploaded" };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (errorKind(error) !== "unavailable" || attempt >= MOST_ATTEMPTS) throw error;
      await repository.backOff(attempt, options.signal);
      // The answer to a request that went through may be what was lost.
      if (await hasBlob(repository, blob, options.signal)) return { how: "uploaded" };
    }
  }
}

async function hasBlob(
  repository: RemoteRepository,
  blob: Descriptor,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const response = await repository.write({
    method: "HEAD",
    path: `v2/${repository.path}/blobs/${blob.digest}`,
    accept: [404],
    signal,
  });
  response.discard();
  return response.status === 200;
}

/** A registry that cannot mount answers with a session for an upload, which is left to expire. */
async function mountBlob(
  repository: RemoteRepository,
  blob: Descriptor,
  from: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const query = new URLSearchParams({ mount: blob.digest, from });
  const response = await repository.write({
    method: "POST",
    path: `v2/${repository.path}/blobs/uploads/?${query}`,
    scope: `${repository.scope("pull,push")} repository:${from}:pull`,
    signal,
  });
  response.discard();
  return response.status === 201;
}

async function sendBlob(
  repository: RemoteRepository,
  blob: Descriptor,
  target: string,
  { open, onProgress, signal }: UploadOptions,
): Promise<void> {
  const patched = await repository.write({
    method: "PATCH",
    path: target,
    headers: { "Content-Type": "application/octet-stream" },
    body: bodyOf(open(), onProgress),
    signal,
  });
  patched.discard();
  const final = new URL(location(patched.headers, patched.url));
  final.searchParams.set("digest", blob.digest);
  const put = await repository.write({
    method: "PUT",
    path: final.href,
    headers: { "Content-Type": "application/octet-stream" },
    body: "",
    signal,
  });
  put.discard();
}

function location(headers: Headers, base: string): string {
  const value = headers.get("location");
  const url = value === null ? null : URL.parse(value, base);
  if (url === null) throw new EngineError("unavailable", "the registry gave no upload location");
  return url.href;
}

function bodyOf(
  stream: AsyncIterable<Uint8Array>,
  onProgress: ((sent: number) => void) | undefined,
): ReadableStream<Uint8Array> {
  const iterator = stream[Symbol.asyncIterator]();
  let sent = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) return controller.close();
      sent += value.length;
      onProgress?.(sent);
      controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

/** Stores a manifest under a tag or its digest. Its blobs must be there. */
export async function putManifest(
  repository: RemoteRepository,
  tagOrDigest: string,
  manifest: { bytes: Uint8Array; mediaType: string },
  signal?: AbortSignal,
): Promise<void> {
  const response = await repository.write({
    method: "PUT",
    path: `v2/${repository.path}/manifests/${tagOrDigest}`,
    headers: { "Content-Type": manifest.mediaType },
    body: manifest.bytes,
    signal,
  });
  response.discard();
}
