import type {
  ChainId,
  Descriptor,
  DiffId,
  Digest,
  ImageConfig,
  ImageId,
  Reference,
} from "../spec/index.ts";

export interface ImageLayer {
  readonly diffId: DiffId;
  readonly chainId: ChainId;
  /** The layer as the manifest names it; its blob is in the content store. */
  readonly blob: Descriptor;
}

/** What is known of an image. Its configuration's bytes are the blob named by `id`. */
export interface ImageRecord {
  readonly id: ImageId;
  readonly config: ImageConfig;
  readonly manifest: Descriptor;
  /** The index that the manifest was chosen from. */
  readonly index?: Descriptor;
  /** More blobs that stand and fall with it: what its index names beside its manifest, as far as it is here. */
  readonly attached?: readonly Digest[];
  /** Lowest first. */
  readonly layers: readonly ImageLayer[];
  /** Bytes, unpacked: the sum of the layers' sizes. */
  readonly size: number;
  /** RFC 3339; the configuration's `created`, or the zero time. */
  readonly created: string;
  /** RFC 3339; when it was last tagged here. The zero time for never. */
  readonly lastTagTime: string;
  /** The image that it was committed or built from, on this machine. */
  readonly parent?: ImageId;
  /** Neither `rmi` nor `prune` nor the disk limit removes it. */
  readonly locked?: boolean;
  /** RFC 3339; when a container was last made of it, to the minute. Absent for never. */
  readonly lastUsedTime?: string;
}

/** What becomes known of an image after it was recorded. */
export type ImageMarks = Partial<Pick<ImageRecord, "locked" | "lastUsedTime">>;

export interface ImageReference {
  /** `docker.io/library/busybox:latest`, or `…busybox@sha256:…` for a repository digest. */
  readonly reference: string;
  readonly imageId: ImageId;
  /** Digest of the manifest or index that the reference stood for when it was pulled or loaded. */
  readonly digest?: Digest;
}

export interface ImageRemoval {
  readonly untagged: readonly string[];
  readonly deleted: readonly ImageId[];
  /** Top chain ids of the layers that are gone. */
  readonly layers: readonly ChainId[];
  /** Bytes, unpacked, that are free now. */
  readonly freed: number;
}

export interface ImageStore {
  /**
   * Records an image whose layers and blobs are there. Replaces a record of the same id, keeps its references
   * and its marks.
   */
  put(image: Omit<ImageRecord, "lastTagTime" | keyof ImageMarks>): ImageRecord;
  /** Changes marks of an image. `not-found`. */
  mark(id: ImageId, marks: ImageMarks): ImageRecord;
  get(id: ImageId): ImageRecord | undefined;
  list(): ImageRecord[];
  /**
   * By reference (`busybox` means `busybox:latest`), repository digest, `sha256:<hex>` or a prefix of an
   * id; a reference wins over a prefix. `not-found` with Docker's words
   * (`No such image: busybox:latest`); an ambiguous prefix is `not-found` too, as it is with Docker.
   */
  find(nameOrId: string): ImageRecord;
  /** The reference's image, if there is one. */
  resolve(reference: Reference): ImageReference | undefined;
  /** Points a tag (or `name@digest`) at an image; returns the image that it pointed to before. */
  tag(reference: Reference, id: ImageId, digest?: Digest): ImageId | undefined;
  /** Takes a reference away; the image stays. Returns the image that it pointed to. */
  untag(reference: Reference): ImageId | undefined;
  /** Of one image, or all; in byte order. */
  references(id?: ImageId): ImageReference[];
  children(id: ImageId): ImageId[];
  /**
   * Removes the record, its references, and the layers and blobs that no other image, no container and no
   * hold of the content store uses. Whether it may be removed is decided by the caller.
   */
  remove(id: ImageId): ImageRemoval;
}
