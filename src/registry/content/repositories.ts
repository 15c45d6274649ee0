import type { Digest } from "../../spec/index.ts";
import type { Condemned } from "../garbage/condemned.ts";
import {
  blobKey,
  catalogKey,
  catalogName,
  linkKey,
  linksPrefix,
  manifestsPrefix,
} from "../storage/layout.ts";
import type { ByteRange, ObjectBody, RegistryStorage } from "../storage/registry-storage.ts";

/** Which repositories there are and which blobs they have. */
export class Repositories {
  constructor(
    private readonly storage: RegistryStorage,
    private readonly condemned: Condemned,
    /** Links younger than this need no new date. Milliseconds; well below the collector's grace. */
    private readonly staleAfter: number,
  ) {}

  /** Every name, in lexical order. */
  async names(): Promise<string[]> {
    const names: string[] = [];
    for await (const { key } of this.storage.list("catalog")) names.push(catalogName(key));
    return names.sort();
  }

  async exists(name: string): Promise<boolean> {
    return (await this.storage.stat(catalogKey(name))) !== undefined;
  }

  /** Before something is put into a repository, and after: the collector forgets empty ones. */
  async ensure(name: string): Promise<void> {
    if (!(await this.exists(name))) await this.storage.write(catalogKey(name), "");
  }

  /** Takes the repository out of the catalog if nothing is in it. */
  async forgetEmpty(name: string): Promise<boolean> {
    if (!(await this.isEmpty(name))) return false;
    await this.storage.remove(catalogKey(name));
    if (await this.isEmpty(name)) return true;
    await this.ensure(name);
    return false;
  }

  private async isEmpty(name: string): Promise<boolean> {
    for (const prefix of [linksPrefix(name), manifestsPrefix(name)]) {
      for await (const _ of this.storage.list(prefix)) return false;
    }
    return true;
  }

  /** The size of a blob that the repository has. Its date is renewed. */
  async blobSize(name: string, digest: Digest): Promise<number | undefined> {
    if (!(await this.storage.touch(linkKey(name, digest), this.staleAfter))) return undefined;
    return (await this.storage.stat(blobKey(digest)))?.size;
  }

  /** As `blobSize`, for who will refer to the blob: from the answer on it stays for the collector's grace. */
  async holdBlob(name: string, digest: Digest): Promise<number | undefined> {
    if ((await this.blobSize(name, digest)) === undefined) return undefined;
    await this.condemned.passed([linkKey(name, digest), blobKey(digest)]);
    return await this.blobSize(name, digest);
  }

  async blobBody(digest: Digest, range?: ByteRange): Promise<ObjectBody> {
    return await this.storage.body(blobKey(digest), range);
  }

  /** Makes a stored blob a blob of the repository. False where it is gone. */
  async link(name: string, digest: Digest): Promise<boolean> {
    const blob = blobKey(digest);
    if (!(await this.storage.touch(blob, this.staleAfter))) return false;
    await this.ensure(name);
    await this.storage.write(linkKey(name, digest), "");
    await this.ensure(name);
    await this.condemned.passed([blob, linkKey(name, digest)]);
    return (await this.storage.stat(blob)) !== undefined;
  }

  /** False where the repository does not have it. The bytes stay for other repositories. */
  async unlink(name: string, digest: Digest): Promise<boolean> {
    const key = linkKey(name, digest);
    if ((await this.storage.stat(key)) === undefined) return false;
    await this.storage.remove(key);
    return true;
  }

  async *blobs(name: string): AsyncGenerator<{ key: string; modifiedAt: number }> {
    yield* this.storage.list(linksPrefix(name));
  }
}
