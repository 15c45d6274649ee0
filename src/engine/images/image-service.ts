import type {
  ImageConfig,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageId,
  ImageInspect,
  ImagePruneReport,
  ImageRunConfig,
  ImageSummary,
  ProgressMessage,
  RegistryAuth,
} from "../../spec/index.ts";

/** Docker's `filters` parameter, decoded: `{"label": ["a=b"], "dangling": ["true"]}`. */
export type ImageFilters = Readonly<Record<string, readonly string[]>>;

/** Bytes that flow in or out: a node Readable, a web stream or a generator. */
export type ByteStream = AsyncIterable<Uint8Array>;

export interface PullRequest {
  /** What the user typed: `busybox`, `host:5000/a/b:tag`, `a@sha256:…` (`fromImage`). */
  image: string;
  /** A tag or a digest (`tag`), where `image` has none. */
  tag?: string;
  /** Every tag of the repository. */
  all?: boolean;
  /** `linux/arm64/v8`; the host's own when absent. */
  platform?: string;
  auth?: RegistryAuth;
}

export interface PushRequest {
  /** Repository with or without a tag. */
  image: string;
  tag?: string;
  auth?: RegistryAuth;
}

export interface ListImagesOptions {
  all?: boolean;
  digests?: boolean;
  sharedSize?: boolean;
  filters?: ImageFilters;
}

export interface RemoveImageOptions {
  force?: boolean;
  /** Keeps untagged parents. */
  noPrune?: boolean;
}

export interface LoadRequest {
  /** A `docker save` archive or an OCI layout; plain, gzip or zstd. */
  body: ByteStream;
  quiet?: boolean;
  platform?: string;
}

export interface ImportRequest {
  /** `-` reads `body`; else an HTTP(S) URL. */
  source: string;
  body?: ByteStream;
  repository?: string;
  tag?: string;
  message?: string;
  changes?: readonly string[];
  platform?: string;
}

/** What `commit` must know of a container; the containers' owner fills it. */
export interface CommitSource {
  containerId: string;
  /** The image that the container was made from; absent for an image that is gone. */
  imageId: ImageId | undefined;
  /** The container's own configuration, as `inspect` has it under `Config`. */
  config: ImageRunConfig;
  /** The container's architecture and so on, where `imageId` is absent. */
  platform?: { os: string; architecture: string; variant?: string };
}

export interface CommitRequest {
  source: CommitSource;
  repository?: string;
  tag?: string;
  author?: string;
  comment?: string;
  changes?: readonly string[];
  /** Body of `POST /commit`: replaces parts of the container's configuration. */
  config?: Partial<ImageRunConfig> | undefined;
  /** Runs `body` while the container's processes stand still; absent where `pause=false`. */
  whilePaused?: <T>(body: () => Promise<T>) => Promise<T>;
}

/** An image that was found by reference, id or id prefix. */
export interface ResolvedImage {
  id: ImageId;
  config: ImageConfig;
}

/** Who uses an image; the containers' owner satisfies it. */
export interface ImageUsers {
  usersOf(imageId: ImageId): readonly { id: string; name: string; running: boolean }[];
}

/** Docker's image events (`pull tag untag delete load import save push prune`). */
export interface ImageEvent {
  action: string;
  /** Actor's ID: the image id, for `pull` and `push` the reference. */
  id: string;
  attributes: Record<string, string>;
}
export type EmitImageEvent = (event: ImageEvent) => void;

/**
 * What users do with images. Streams of progress throw before their first message what the API answers
 * as an HTTP status; afterwards the thrown error ends the stream and the server writes it as
 * `errorDetail`. Ending the iteration, or aborting the signal, cancels the work.
 */
export interface ImageService {
  pull(request: PullRequest, signal?: AbortSignal): AsyncIterable<ProgressMessage>;
  push(request: PushRequest, signal?: AbortSignal): AsyncIterable<ProgressMessage>;
  list(options?: ListImagesOptions): Promise<ImageSummary[]>;
  inspect(name: string): Promise<ImageInspect>;
  history(name: string): Promise<ImageHistoryItem[]>;
  /** `target` is `repo[:tag]`. */
  tag(name: string, target: { repository: string; tag?: string }): Promise<void>;
  remove(name: string, options?: RemoveImageOptions): Promise<ImageDeleteItem[]>;
  prune(filters?: ImageFilters): Promise<ImagePruneReport>;
  load(request: LoadRequest, signal?: AbortSignal): AsyncIterable<ProgressMessage>;
  /** Resolves once every name is known; then the archive flows. */
  save(names: readonly string[], options?: { platform?: string }): Promise<ByteStream>;
  import(request: ImportRequest, signal?: AbortSignal): AsyncIterable<ProgressMessage>;
  /** The container's whole root file system as a tar stream. */
  exportContainer(containerId: string): Promise<ByteStream>;
  commit(request: CommitRequest): Promise<{ Id: ImageId }>;
  /** For `create`: throws `not-found` with `No such image: x`. */
  resolve(name: string, platform?: string): Promise<ResolvedImage>;
}
