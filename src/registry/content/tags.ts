import type { Digest } from "../../spec/index.ts";
import type { Condemned } from "../garbage/condemned.ts";
import { lastWord, tagKey, tagsPrefix } from "../storage/layout.ts";
import type { RegistryStorage } from "../storage/registry-storage.ts";

export interface Tag {
  readonly name: string;
  readonly digest: Digest;
  /** Milliseconds since the epoch: when the tag was set. */
  readonly setAt: number;
}

/** Names of a repository's manifests. */
export class Tags {
  constructor(
    private readonly storage: RegistryStorage,
    private readonly condemned: Condemned,
  ) {}

  async set(repository: string, tag: string, digest: Digest): Promise<void> {
    const key = tagKey(repository, tag);
    await this.storage.write(key, digest);
    await this.condemned.passed([key]);
    if ((await this.storage.stat(key)) === undefined) await this.storage.write(key, digest);
  }

  async get(repository: string, tag: string): Promise<Digest | undefined> {
    const bytes = await this.storage.read(tagKey(repository, tag));
    return bytes === undefined ? undefined : (Buffer.from(bytes).toString() as Digest);
  }

  /** For the collector: only if nobody has set it anew. */
  async removeUntouched(repository: string, { name, setAt }: Tag): Promise<boolean> {
    const key = tagKey(repository, name);
    return (await this.condemned.execute([key], setAt + 1)).removed > 0;
  }

  /** Milliseconds since the epoch. */
  async setAt(repository: string, tag: string): Promise<number | undefined> {
    return (await this.storage.stat(tagKey(repository, tag)))?.modifiedAt;
  }

  async remove(repository: string, tag: string): Promise<boolean> {
    const key = tagKey(repository, tag);
    if ((await this.storage.stat(key)) === undefined) return false;
    await this.storage.remove(key);
    return true;
  }

  /** In lexical order. */
  async names(repository: string): Promise<string[]> {
    const names: string[] = [];
    for await (const { key } of this.storage.list(tagsPrefix(repository)))
      names.push(lastWord(key));
    return names.sort();
  }

  async *all(repository: string): AsyncGenerator<Tag> {
    for await (const { key, modifiedAt } of this.storage.list(tagsPrefix(repository))) {
      const name = lastWord(key);
      const digest = await this.get(repository, name);
      if (digest !== undefined) yield { name, digest, setAt: modifiedAt };
    }
  }
}
