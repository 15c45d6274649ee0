import { requireDigest } from "../names.ts";
import { RegistryFault } from "../registry-fault.ts";
import type { RegistryServices } from "../registry-services.ts";
import { type Answer, type AnswerHeaders, answer } from "./answer.ts";
import { parseByteRange } from "./byte-range.ts";
import type { Call } from "./call.ts";

/** GET and HEAD of a blob, whole or in part. */
export async function getBlob(services: RegistryServices, call: Call): Promise<Answer> {
  const digest = requireDigest(call.reference);
  const { source, name } = services.sourceOf(call);
  const blob = await source.blob(name, digest, call.request.method === "HEAD");
  if (blob === undefined) throw blobUnknown(digest);
  const headers: AnswerHeaders = {
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": digest,
    "Accept-Ranges": "bytes",
    ETag: `"${digest}"`,
    "Cache-Control": "max-age=31536000",
  };
  if (call.request.headers.get("if-none-match") === `"${digest}"`) {
    return answer(304, headers);
  }
  const range = parseByteRange(call.request.headers.get("range"), blob.size);
  if (range === "unsatisfiable") {
    throw new RegistryFault("RANGE_INVALID", "the range is outside of the blob", {
      headers: { "Content-Range": `bytes */${blob.size}` },
    });
  }
  const length = range === undefined ? blob.size : range.end - range.start + 1;
  headers["Content-Length"] = String(length);
  if (range !== undefined) {
    headers["Content-Range"] = `bytes ${range.start}-${range.end}/${blob.size}`;
  }
  const status = range === undefined ? 200 : 206;
  if (call.request.method === "HEAD") return answer(status, headers);
  services.metrics.bytesOut.add({}, length);
  return answer(status, headers, await blob.body(range));
}

/** Takes the blob out of the repository; the collector removes the bytes when no other has it. */
export async function deleteBlob(services: RegistryServices, call: Call): Promise<Answer> {
  const digest = requireDigest(call.reference);
  if (!(await services.repositories.unlink(call.name, digest))) throw blobUnknown(digest);
  services.quotas.forget();
  return answer(202, { "Docker-Content-Digest": digest });
}

function blobUnknown(digest: string): RegistryFault {
  return new RegistryFault("BLOB_UNKNOWN", "blob unknown to registry", { detail: { digest } });
}
