/** Query options of the Engine API's image calls, decoded. */
import type { Descriptor, Platform } from "../oci/image.ts";
import type { ContainerConfig } from "./container.ts";
import type { Filters } from "./filters.ts";
import type { RegistryAuth } from "./image.ts";

export interface ImageListOptions {
  /** Also intermediate images. */
  all: boolean;
  /** Fill SharedSize. */
  sharedSize: boolean;
  digests: boolean;
  manifests: boolean;
  /** Keys: before dangling label reference since until. */
  filters: Filters;
}

export interface ImagePullOptions {
  /** `name[:tag][@digest]`, the tag of the query already joined to it; without either: every tag (`pull -a`). */
  reference: string;
  platform?: string;
  auth?: RegistryAuth;
}

export interface ImageImportOptions {
  /** `-`: the request's body; otherwise a URL. */
  source: string;
  /** `repo[:tag]`, or undefined for an image without a name. */
  reference?: string;
  message: string;
  /** Dockerfile instructions. */
  changes: readonly string[];
  platform?: string;
}

export interface ImagePushOptions {
  tag?: string;
  /** Push that platform alone; without it an image that came with an index goes with its whole index. */
  platform?: string;
  auth?: RegistryAuth;
  /** Berth's own: `gzip`, `zstd` or `none`, with `:level` behind the first two. */
  compression?: string;
  /** The manifest that is here, whatever form its layers have. Not for requests. */
  asItIs?: boolean;
}

/** What a transfer between engines asks and answers: blobs by digest. */
export interface BlobList {
  digests: readonly string[];
}

/** `GET /distribution/{name}/json`. */
export interface DistributionInspect {
  Descriptor: Descriptor;
  Platforms: Platform[];
}

export interface ImageTagOptions {
  repo: string;
  tag?: string;
}

export interface ImageRemoveOptions {
  force: boolean;
  /** Leave untagged parents alone. */
  noPrune: boolean;
  platforms: readonly string[];
}

export interface ImagePruneOptions {
  /** Berth's own: say what would go and remove nothing. */
  dryRun: boolean;
}

export interface ImageLoadOptions {
  quiet: boolean;
  platforms: readonly string[];
}

export interface ImageSaveOptions {
  platforms: readonly string[];
  /** Berth's own: blobs that the reader has, and that the archive is to leave out. */
  without?: ReadonlySet<string>;
}

export interface ImageSearchOptions {
  term: string;
  limit?: number;
  /** Keys: is-automated is-official stars. */
  filters: Filters;
  auth?: RegistryAuth;
}

export interface ImageSearchResult {
  star_count: number;
  is_official: boolean;
  name: string;
  is_automated: boolean;
  description: string;
}

export interface ImageCommitOptions {
  container: string;
  repo?: string;
  tag?: string;
  comment: string;
  author: string;
  pause: boolean;
  /** Dockerfile instructions. */
  changes: readonly string[];
  /** The request's body: laid over the container's own configuration. */
  config?: Partial<ContainerConfig>;
}
