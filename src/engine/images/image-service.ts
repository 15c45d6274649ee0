import type {
  AuthResponse,
  BlobList,
  DistributionInspect,
  Filters,
  ImageCommitOptions,
  ImageConfig,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageId,
  ImageImportOptions,
  ImageInspect,
  ImageListOptions,
  ImageLoadOptions,
  ImagePruneOptions,
  ImagePruneReport,
  ImagePullOptions,
  ImagePushOptions,
  ImageRemoveOptions,
  ImageRunConfig,
  ImageSaveOptions,
  ImageSearchOptions,
  ImageSearchResult,
  ImageSummary,
  ImageTagOptions,
  Platform,
  ProgressMessage,
  RegistryAuth,
} from "../../spec/index.ts";

/** Bytes that flow in or out: a node Readable, a web stream or a generator. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** A container that has or had an image, as the rules for removal look at it. */
export interface ImageUser {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
}

/** What `commit` needs to know of a container. */
export interface CommitSource {
  readonly id: string;
  /** The image that the container was made from. */
  readonly imageId: ImageId;
  /** The container's own configuration, as `inspect` has it under `Config`. */
  readonly config: ImageRunConfig;
  readonly name: string;
}

/** What the image verbs need of containers; the containers' owner satisfies it. */
export interface ImageContainers {
  usersOf(imageId: ImageId): readonly ImageUser[];
  /** `not-found` with `No such container: x`. */
  commitSource(nameOrId: string): CommitSource;
  /** Runs `body` while the container's processes stand still, if they run at all. */
  whilePaused<T>(containerId: string, body: () => Promise<T>): Promise<T>;
}

/** An image that was found by reference, id or id prefix. */
export interface ResolvedImage {
  readonly id: ImageId;
  readonly config: ImageConfig;
}

/**
 * Docker's events that the image verbs cause: `image` with `pull tag untag delete load import save push
 * prune`, and `container` with `commit`.
 */
export interface ImageEvent {
  readonly type: "image" | "container";
  readonly action: string;
  /** Actor's ID: the image id, for `pull` and `push` the reference. */
  readonly id: string;
  readonly attributes: Record<string, string>;
}
export type EmitImageEvent = (event: ImageEvent) => void;

/**
 * What users do with images; satisfies the server's image routes. Streams of progress throw before their
 * first message what the API answers as an HTTP status; afterwards the thrown error ends the stream and
 * the server writes it as `errorDetail`. Ending the iteration, or aborting the signal, cancels the work.
 */
export interface ImageService {
  pull(options: ImagePullOptions, signal?: AbortSignal): AsyncIterable<ProgressMessage>;
  push(
    name: string,
    options: ImagePushOptions,
    signal?: AbortSignal,
  ): AsyncIterable<ProgressMessage>;
  list(options: ImageListOptions): Promise<ImageSummary[]>;
  inspect(name: string, options?: { platform?: string }): Promise<ImageInspect>;
  history(name: string, options?: { platform?: string }): Promise<ImageHistoryItem[]>;
  tag(name: string, options: ImageTagOptions): Promise<void>;
  remove(name: string, options: ImageRemoveOptions): Promise<ImageDeleteItem[]>;
  prune(filters: Filters, options?: ImagePruneOptions): Promise<ImagePruneReport>;
  /** Guards an image against removal, or lifts the guard. Idempotent. */
  lock(name: string, locked: boolean): Promise<void>;
  load(
    body: ByteStream,
    options: ImageLoadOptions,
    signal?: AbortSignal,
  ): AsyncIterable<ProgressMessage>;
  /** Resolves once every name is known; then the archive flows. */
  save(
    names: readonly string[],
    options: ImageSaveOptions,
    signal?: AbortSignal,
  ): Promise<ByteStream>;
  import(
    options: ImageImportOptions,
    body: ByteStream,
    signal?: AbortSignal,
  ): AsyncIterable<ProgressMessage>;
  /** The container's whole root file system as a tar stream. */
  exportContainer(containerId: string, signal?: AbortSignal): Promise<ByteStream>;
  commit(options: ImageCommitOptions): Promise<{ Id: string }>;
  /** Tries credentials on their registry; `unauthenticated` where it refuses them. */
  logIn(auth: RegistryAuth): Promise<AuthResponse>;
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
  /**
   * The image for a new container. `not-found`: `No such image: x`, also where the image that is there is
   * of another platform than the one asked for.
   */
  resolve(name: string, platform?: Platform): ResolvedImage;
}
