import { isDigest } from "../../spec/index.ts";
import type { Algorithm } from "../content/uploads.ts";
import { requireDigest, requireName } from "../names.ts";
import { RegistryFault } from "../registry-fault.ts";
import type { RegistryServices } from "../registry-services.ts";
import { type Answer, answer } from "./answer.ts";
import { parseContentRange } from "./byte-range.ts";
import type { Call } from "./call.ts";

/** POST: begins an upload, makes it whole at once (`digest`), or takes over from another (`mount`). */
export async function startUpload(services: RegistryServices, call: Call): Promise<Answer> {
  const { searchParams } = call.url;
  await services.quotas.requireRoom(call.name);
  const mount = searchParams.get("mount");
  if (mount !== null) {
    const digest = requireDigest(mount);
    if (await mountBlob(services, call, digest)) return created(call.name, digest);
  }
  const digest = searchParams.get("digest");
  const target = digest === null ? undefined : requireDigest(digest);
  const algorithm = searchParams.get("digest-algorithm") ?? target?.split(":", 1)[0] ?? "sha256";
  if (algorithm !== "sha256" && algorithm !== "sha512") {
    throw new RegistryFault(
      "DIGEST_INVALID",
      `digest algorithm "${algorithm.slice(0, 50)}" is not supported`,
    );
  }
  await services.uploads.requireRoom(services.settings.maxUploads);
  const id = await services.uploads.start(call.name, algorithm satisfies Algorithm);
  if (target === undefined) return accepted(call.name, id, 0);
  try {
    await receive(services, call, id);
    await services.uploads.finish(call.name, id, target);
  } catch (error) {
    // The client was told no location, so nobody can go on with it.
    await services.uploads.cancel(call.name, id).catch(() => {});
    throw error;
  }
  services.quotas.added(call.name, target);
  return created(call.name, target);
}

/** GET: how far the upload is. */
export async function uploadStatus(services: RegistryServices, call: Call): Promise<Answer> {
  const size = await services.uploads.size(call.name, call.reference);
  return answer(204, uploadHeaders(call.name, call.reference, size));
}

/** PATCH: the next chunk, or a stream of any length. */
export async function continueUpload(services: RegistryServices, call: Call): Promise<Answer> {
  const size = await receive(services, call, call.reference);
  return accepted(call.name, call.reference, size);
}

/** PUT: the rest, if any, and the digest of the whole. */
export async function finishUpload(services: RegistryServices, call: Call): Promise<Answer> {
  const { name, reference: id } = call;
  await services.uploads.size(name, id);
  const digest = requireDigest(call.url.searchParams.get("digest") ?? "");
  await receive(services, call, id);
  await services.uploads.finish(name, id, digest);
  services.quotas.added(name, digest);
  return created(name, digest);
}

export async function cancelUpload(services: RegistryServices, call: Call): Promise<Answer> {
  await services.uploads.cancel(call.name, call.reference);
  return answer(204);
}

async function mountBlob(
  services: RegistryServices,
  call: Call,
  digest: ReturnType<typeof requireDigest>,
): Promise<boolean> {
  const from = call.url.searchParams.get("from");
  // Without `from` any repository might do; which ones have a blob is not told to strangers.
  if (from === null || !isDigest(digest)) return false;
  requireName(from);
  if (!call.identity.allows(from, "pull")) return false;
  const size = await services.repositories.blobSize(from, digest);
  if (size === undefined) return false;
  await services.quotas.requireRoom(call.name, digest, size);
  if (!(await services.repositories.link(call.name, digest))) return false;
  services.quotas.added(call.name, digest);
  return true;
}

/** Appends the request's body, whose announced place and length must be true. Resolves with the size. */
async function receive(services: RegistryServices, call: Call, id: string): Promise<number> {
  const { headers } = call.request;
  const rangeText = headers.get("content-range");
  const range = rangeText === null ? undefined : parseContentRange(rangeText);
  if (rangeText !== null && range === undefined) {
    throw new RegistryFault("BLOB_UPLOAD_INVALID", "the Content-Range is not <start>-<end>");
  }
  const length = headers.get("content-length");
  const announced = range === undefined ? undefined : range.end - range.start + 1;
  if (announced !== undefined && length !== null && Number(length) !== announced) {
    throw new RegistryFault("SIZE_INVALID", "Content-Length and Content-Range disagree");
  }
  const quota = await services.quotas.room(call.name);
  const { maxBlobSize } = services.settings;
  const body = exactly(call.request.body, announced);
  return await services.uploads.append(call.name, id, services.metrics.countIn(body), {
    at: range?.start,
    limit: (size) => {
      if (size > maxBlobSize) {
        throw new RegistryFault("SIZE_INVALID", `blobs may have ${maxBlobSize} bytes at the most`, {
          status: 413,
        });
      }
      if (size > quota) throw services.quotas.exceeded(call.name);
    },
  });
}

async function* exactly(
  body: AsyncIterable<Uint8Array>,
  length: number | undefined,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (length !== undefined && size > length) break;
    yield chunk;
  }
  if (length === undefined || size === length) return;
  throw new RegistryFault(
    "SIZE_INVALID",
    "the chunk has not the length that its Content-Range says",
  );
}

function uploadHeaders(name: string, id: string, size: number): Record<string, string> {
  return {
    Location: `/v2/${name}/blobs/uploads/${id}`,
    // Docker's registry writes the same for no byte and for one.
    Range: `0-${Math.max(0, size - 1)}`,
    "Docker-Upload-UUID": id,
  };
}

function accepted(name: string, id: string, size: number): Answer {
  return answer(202, uploadHeaders(name, id, size));
}

function created(name: string, digest: string): Answer {
  const headers = { Location: `/v2/${name}/blobs/${digest}`, "Docker-Content-Digest": digest };
  return answer(201, headers);
}
