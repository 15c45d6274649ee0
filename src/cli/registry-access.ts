import type { Descriptor, RegistryAuth } from "../spec/index.ts";

/** A manifest or index as a registry has it, verified. */
export interface RemoteManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Where an image is, and how to get at it. */
export interface RemoteImage {
  /** `host/path:tag` or `host/path@digest`. */
  readonly reference: string;
  readonly auth: RegistryAuth | undefined;
  /** Plain HTTP, or a certificate of nobody, will do. */
  readonly insecure: boolean;
}

/** Registries without a daemon: what `manifest` works with. The composition root provides it. */
export interface RegistryAccess {
  /** `not-found`. */
  manifest(image: RemoteImage): Promise<RemoteManifest>;
  /** A blob of at most `limit` bytes, verified. */
  blob(image: RemoteImage, descriptor: Descriptor, limit: number): Promise<Uint8Array>;
  /** Stores a manifest; the blobs and manifests that it names must be there. Returns its digest. */
  put(image: RemoteImage, manifest: { bytes: Uint8Array; mediaType: string }): Promise<string>;
  /** Stores a blob, if it is not there yet. */
  upload(image: RemoteImage, blob: Descriptor, bytes: Uint8Array): Promise<void>;
  /** Makes sure of a blob in one repository that another one of the same registry has. */
  mount(image: RemoteImage, blob: Descriptor, from: string): Promise<void>;
}
