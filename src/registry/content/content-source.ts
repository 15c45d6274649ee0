import type { Descriptor, Digest } from "../../spec/index.ts";
import type { ByteRange, ObjectBody } from "../storage/registry-storage.ts";
import type { Manifests } from "./manifests.ts";
import type { Repositories } from "./repositories.ts";
import type { StoredManifest } from "./stored-manifest.ts";
import type { Tags } from "./tags.ts";

export interface Blob {
  /** Bytes. */
  readonly size: number;
  body(range?: ByteRange): Promise<ObjectBody>;
}

/** Where what is pulled comes from: this registry, or another one with a cache here. */
export interface ContentSource {
  /** By tag or digest. */
  manifest(name: string, reference: string): Promise<StoredManifest | undefined>;
  /** `held`: for one who looks before a push, and must find it there afterwards. */
  blob(name: string, digest: Digest, held: boolean): Promise<Blob | undefined>;
  /** In lexical order; undefined where there is no such repository. */
  tags(name: string): Promise<string[] | undefined>;
  referrers(name: string, subject: Digest): Promise<Descriptor[]>;
}

/** The registry's own content. */
export class LocalSource implements ContentSource {
  constructor(
    private readonly repositories: Repositories,
    private readonly manifests: Manifests,
    private readonly tagStore: Tags,
  ) {}

  async manifest(name: string, reference: string): Promise<StoredManifest | undefined> {
    const digest = await this.manifests.resolve(name, reference);
    return digest === undefined ? undefined : await this.manifests.get(name, digest);
  }

  async blob(name: string, digest: Digest, held: boolean): Promise<Blob | undefined> {
    const { repositories } = this;
    const size = await (held
      ? repositories.holdBlob(name, digest)
      : repositories.blobSize(name, digest));
    if (size === undefined) return undefined;
    return { size, body: (range) => this.repositories.blobBody(digest, range) };
  }

  async tags(name: string): Promise<string[] | undefined> {
    const names = await this.tagStore.names(name);
    return names.length === 0 && !(await this.repositories.exists(name)) ? undefined : names;
  }

  async referrers(name: string, subject: Digest): Promise<Descriptor[]> {
    return await this.manifests.referrers(name, subject);
  }
}
