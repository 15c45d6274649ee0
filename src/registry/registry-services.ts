import type { ContentSource } from "./content/content-source.ts";
import type { Manifests } from "./content/manifests.ts";
import type { Quotas } from "./content/quotas.ts";
import type { Repositories } from "./content/repositories.ts";
import type { Tags } from "./content/tags.ts";
import type { Uploads } from "./content/uploads.ts";
import type { RegistryMetrics } from "./metrics.ts";
import type { Webhooks } from "./webhooks/webhooks.ts";

/** Bounds on what clients send. */
export interface RegistryLimits {
  /** Bytes. */
  readonly maxBlobSize: number;
  /** Bytes. */
  readonly maxManifestSize: number;
  /** Uploads that are begun and not finished, of all clients together. */
  readonly maxUploads: number;
  /** May an index stand for manifests that are not there? */
  readonly allowSparseIndexes: boolean;
}

/** Where a repository's content comes from, and what it is called there. */
export interface Origin {
  readonly source: ContentSource;
  readonly name: string;
  /** False for the cache of another registry. */
  readonly writable: boolean;
}

/** What the routes work with. */
export interface RegistryServices {
  readonly repositories: Repositories;
  readonly manifests: Manifests;
  readonly tags: Tags;
  readonly uploads: Uploads;
  readonly quotas: Quotas;
  readonly webhooks: Webhooks;
  readonly metrics: RegistryMetrics;
  readonly settings: RegistryLimits;
  sourceOf(call: { readonly url: URL; readonly name: string }): Origin;
}
