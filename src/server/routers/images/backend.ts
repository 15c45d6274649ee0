import type {
  BlobList,
  DistributionInspect,
  Filters,
  ImageCommitOptions,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageImportOptions,
  ImageInspect,
  ImageListOptions,
  ImageLoadOptions,
  ImagePruneOptions,
  ImagePruneReport,
  ImagePullOptions,
  ImagePushOptions,
  ImageRemoveOptions,
  ImageSaveOptions,
  ImageSearchOptions,
  ImageSearchResult,
  ImageSummary,
  ImageTagOptions,
  ProgressMessage,
  RegistryAuth,
} from "../../../spec/index.ts";

/**
 * What the image routes need of the engine. `name` is a reference, an image id or a unique prefix of one.
 *
 * The progress iterables fail in two ways: a throw before the first message becomes an HTTP status, one
 * after it the stream's last line (`errorDetail`). `signal` aborts when the client has gone.
 */
export interface ImageBackend {
  list(options: ImageListOptions): Promise<ImageSummary[]>;
  inspect(name: string, options: { platform?: string; manifests: boolean }): Promise<ImageInspect>;
  history(name: string, options: { platform?: string }): Promise<ImageHistoryItem[]>;
  pull(options: ImagePullOptions, signal: AbortSignal): AsyncIterable<ProgressMessage>;
  /** `body` holds the tar when `options.source` is `-`. */
  import(
    options: ImageImportOptions,
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): AsyncIterable<ProgressMessage>;
  push(
    name: string,
    options: ImagePushOptions,
    signal: AbortSignal,
  ): AsyncIterable<ProgressMessage>;
  load(
    body: AsyncIterable<Uint8Array>,
    options: ImageLoadOptions,
    signal: AbortSignal,
  ): AsyncIterable<ProgressMessage>;
  /** One tar for all names; unknown names reject before the first byte. */
  save(
    names: readonly string[],
    options: ImageSaveOptions,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>>;
  tag(name: string, options: ImageTagOptions): Promise<void>;
  remove(name: string, options: ImageRemoveOptions): Promise<ImageDeleteItem[]>;
  prune(filters: Filters, options: ImagePruneOptions): Promise<ImagePruneReport>;
  lock(name: string, locked: boolean): Promise<void>;
  /** What a registry has under a name; nothing is pulled. */
  inspectDistribution(
    name: string,
    auth: RegistryAuth | undefined,
    signal: AbortSignal,
  ): Promise<DistributionInspect>;
  /** Every blob of an image, for `image send`. */
  blobs(name: string): Promise<BlobList>;
  /** Which of these blobs are not here. */
  missing(blobs: BlobList): Promise<BlobList>;
  search(options: ImageSearchOptions): Promise<ImageSearchResult[]>;
  commit(options: ImageCommitOptions): Promise<{ Id: string }>;
}
