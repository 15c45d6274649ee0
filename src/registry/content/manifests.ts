import type { Descriptor, Digest } from "../../spec/index.ts";
import type { Condemned } from "../garbage/condemned.ts";
import { isTag } from "../names.ts";
import { RegistryFault } from "../registry-fault.ts";
import {
  keyDigest,
  linkKey,
  manifestKey,
  manifestsPrefix,
  referrerKey,
  referrersPrefix,
} from "../storage/layout.ts";
import type { RegistryStorage } from "../storage/registry-storage.ts";
import { type ManifestDocument, parseManifestDocument } from "./manifest-document.ts";
import type { Repositories } from "./repositories.ts";
import { decodeManifest, encodeManifest, type StoredManifest } from "./stored-manifest.ts";
import type { Tags } from "./tags.ts";

export interface ManifestPut {
  readonly repository: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly tags: readonly string[];
  /** False where what it refers to may come later, as in a cache of another registry. */
  readonly complete: boolean;
}

/** A repository's manifests, and who refers to whom. */
export class Manifests {
  constructor(
    private readonly storage: RegistryStorage,
    private readonly repositories: Repositories,
    private readonly tags: Tags,
    private readonly condemned: Condemned,
    private readonly staleAfter: number,
  ) {}

  async resolve(repository: string, reference: string): Promise<Digest | undefined> {
    return isTag(reference) ? await this.tags.get(repository, reference) : (reference as Digest);
  }

  async get(repository: string, digest: Digest): Promise<StoredManifest | undefined> {
    const object = await this.storage.read(manifestKey(repository, digest));
    return object === undefined ? undefined : decodeManifest(digest, object);
  }

  /**
   * Stores a manifest and sets its tags. Its date and those of what it refers to are renewed before
   * anything is relied on, so that the collector leaves them.
   */
  async put(put: ManifestPut): Promise<ManifestDocument> {
    const { repository, digest, bytes } = put;
    const document = parseManifestDocument(bytes, put.contentType);
    if (put.complete) await this.requireReferences(repository, document);
    const { mediaType, subject } = document;
    const header = { mediaType, pushedAt: Date.now(), ...(subject && { subject: subject.digest }) };
    const key = manifestKey(repository, digest);
    const object = encodeManifest(header, bytes);
    await this.repositories.ensure(repository);
    await this.storage.write(key, object);
    await this.condemned.passed([key]);
    if ((await this.storage.stat(key)) === undefined) await this.storage.write(key, object);
    if (subject !== undefined) {
      const descriptor = JSON.stringify(referrer(document, digest, bytes.length));
      await this.storage.write(referrerKey(repository, subject.digest, digest), descriptor);
    }
    for (const tag of put.tags) await this.tags.set(repository, tag, digest);
    await this.repositories.ensure(repository);
    return document;
  }

  /** With its tags and its place among the referrers of its subject. False where it is not there. */
  async remove(repository: string, digest: Digest): Promise<boolean> {
    const manifest = await this.get(repository, digest);
    if (manifest === undefined) return false;
    for await (const tag of this.tags.all(repository)) {
      if (tag.digest === digest) await this.tags.remove(repository, tag.name);
    }
    if (manifest.subject !== undefined) {
      await this.storage.remove(referrerKey(repository, manifest.subject, digest));
    }
    await this.storage.remove(manifestKey(repository, digest));
    return true;
  }

  /** For the collector: only if nobody has pushed it or referred to it since `cutoff`. */
  async removeUntouched(repository: string, digest: Digest, cutoff: number): Promise<boolean> {
    const manifest = await this.get(repository, digest);
    if (manifest === undefined) return false;
    const key = manifestKey(repository, digest);
    if ((await this.condemned.execute([key], cutoff)).removed === 0) return false;
    if (manifest.subject !== undefined) {
      await this.storage.remove(referrerKey(repository, manifest.subject, digest));
    }
    return true;
  }

  /** Descriptors of the manifests with this subject, in the order of their digests. */
  async referrers(repository: string, subject: Digest): Promise<Descriptor[]> {
    const found: Descriptor[] = [];
    for await (const { key } of this.storage.list(referrersPrefix(repository, subject))) {
      const bytes = await this.storage.read(key);
      if (bytes !== undefined) found.push(JSON.parse(Buffer.from(bytes).toString()) as Descriptor);
    }
    return found;
  }

  async *digests(repository: string): AsyncGenerator<Digest> {
    for await (const { key } of this.storage.list(manifestsPrefix(repository)))
      yield keyDigest(key);
  }

  private async requireReferences(repository: string, document: ManifestDocument): Promise<void> {
    const { blobs, manifests } = document;
    const keys: string[] = [];
    for (const { digest } of [...blobs, ...manifests]) {
      for (const key of [linkKey(repository, digest), manifestKey(repository, digest)]) {
        if (await this.storage.touch(key, this.staleAfter)) keys.push(key);
      }
    }
    await this.condemned.passed(keys);
    const missing: Digest[] = [];
    for (const entry of blobs) {
      checkSize(entry, await this.repositories.blobSize(repository, entry.digest), missing);
    }
    for (const entry of manifests) {
      // Indexes of build caches refer to blobs.
      const child = await this.get(repository, entry.digest);
      const size =
        child?.bytes.length ?? (await this.repositories.blobSize(repository, entry.digest));
      checkSize(entry, size, missing);
    }
    if (missing.length === 0) return;
    throw new RegistryFault("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", {
      detail: missing.map((digest) => ({ digest })),
    });
  }
}

function checkSize(entry: Descriptor, size: number | undefined, missing: Digest[]): void {
  if (size === undefined) missing.push(entry.digest);
  else if (size !== entry.size) {
    throw new RegistryFault(
      "MANIFEST_INVALID",
      `manifest invalid: ${entry.digest} has ${size} bytes, not ${entry.size}`,
    );
  }
}

function referrer(document: ManifestDocument, digest: Digest, size: number): Descriptor {
  const { mediaType, artifactType, annotations } = document;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
  };
}
