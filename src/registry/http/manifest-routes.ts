import { type Digest, isDigest, splitDigest } from "../../spec/index.ts";
import { isTag, requireDigest, requireTag } from "../names.ts";
import { RegistryFault } from "../registry-fault.ts";
import type { RegistryServices } from "../registry-services.ts";
import { type Answer, type AnswerHeaders, answer } from "./answer.ts";
import { type Call, smallBody } from "./call.ts";

/** GET and HEAD of a manifest. It is given as it was pushed, whatever the client would rather accept. */
export async function getManifest(services: RegistryServices, call: Call): Promise<Answer> {
  const reference = requireReference(call.reference);
  const { source, name } = services.sourceOf(call);
  const manifest = await source.manifest(name, reference);
  if (manifest === undefined) throw manifestUnknown(reference);
  const headers: AnswerHeaders = {
    "Content-Type": manifest.mediaType,
    "Docker-Content-Digest": manifest.digest,
    ETag: `"${manifest.digest}"`,
  };
  if (call.request.headers.get("if-none-match") === `"${manifest.digest}"`) {
    return answer(304, headers);
  }
  headers["Content-Length"] = String(manifest.bytes.length);
  return answer(200, headers, manifest.bytes);
}

export async function putManifest(services: RegistryServices, call: Call): Promise<Answer> {
  const reference = requireReference(call.reference);
  await services.quotas.requireRoom(call.name);
  const limit = services.settings.maxManifestSize;
  const bytes = await smallBody(call.request, limit);
  if (bytes === undefined) {
    throw new RegistryFault("SIZE_INVALID", `manifests may have ${limit} bytes at the most`, {
      status: 413,
    });
  }
  const digest = digestOf(bytes, reference);
  const extraTags = call.url.searchParams.getAll("tag").map(requireTag);
  const tags = isTag(reference) ? [reference] : extraTags;
  const contentType = call.request.headers.get("content-type") ?? "";
  const { name: repository } = call;
  const document = await services.manifests.put({
    repository,
    digest,
    bytes,
    contentType,
    tags,
    complete: !services.settings.allowSparseIndexes,
  });
  const { mediaType } = document;
  const target = { repository, digest, mediaType, size: bytes.length };
  for (const tag of tags.length === 0 ? [undefined] : tags) {
    const pushed = tag === undefined ? target : { ...target, tag };
    await services.webhooks.announce("push", pushed, call.identity.user, call.origin);
  }
  const headers: AnswerHeaders = {
    Location: `/v2/${repository}/manifests/${digest}`,
    "Docker-Content-Digest": digest,
  };
  if (document.subject !== undefined) headers["OCI-Subject"] = document.subject.digest;
  if (!isTag(reference) && extraTags.length > 0) headers["OCI-Tag"] = extraTags;
  return answer(201, headers);
}

/** By tag: the name alone. By digest: the manifest with all its tags. */
export async function deleteManifest(services: RegistryServices, call: Call): Promise<Answer> {
  const reference = requireReference(call.reference);
  const { name: repository } = call;
  const removed = isDigest(reference)
    ? await services.manifests.remove(repository, reference)
    : await services.tags.remove(repository, reference);
  if (!removed) throw manifestUnknown(reference);
  const target = isDigest(reference)
    ? { repository, digest: reference }
    : { repository, tag: reference };
  await services.webhooks.announce("delete", target, call.identity.user, call.origin);
  return answer(202);
}

function requireReference(reference: string): string {
  return reference.includes(":") ? requireDigest(reference) : requireTag(reference);
}

function manifestUnknown(reference: string): RegistryFault {
  return new RegistryFault("MANIFEST_UNKNOWN", "manifest unknown", { detail: { reference } });
}

function digestOf(bytes: Uint8Array, reference: string): Digest {
  const algorithm = isDigest(reference) ? splitDigest(reference)[0] : "sha256";
  const hash = new Bun.CryptoHasher(algorithm as "sha256" | "sha512").update(bytes);
  const digest = `${algorithm}:${hash.digest("hex")}` as Digest;
  if (isDigest(reference) && reference !== digest) {
    throw new RegistryFault("DIGEST_INVALID", "provided digest did not match uploaded content", {
      detail: { digest },
    });
  }
  return digest;
}
