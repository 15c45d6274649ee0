import { FileStorage } from "../../src/registry/storage/file/file-storage.ts";
import { blobKey, keyDigest, linkKey, manifestKey } from "../../src/registry/storage/layout.ts";
import type { Descriptor, Digest } from "../../src/spec/index.ts";

export interface VerifiedStore {
  /** In words, one for each thing that is wrong. */
  readonly faults: string[];
  /** `repository:tag` */
  readonly tags: Set<string>;
  readonly blobs: number;
}

/**
 * Reads a registry's directory as no server does: hashes every blob and manifest, and follows every tag and
 * reference to its end.
 */
export async function verifyRegistryStore(root: string): Promise<VerifiedStore> {
  const storage = await FileStorage.open(root);
  const faults: string[] = [];
  const tags = new Set<string>();
  let blobs = 0;
  for await (const { key } of storage.list("blobs")) {
    blobs += 1;
    const bytes = (await storage.read(key)) ?? new Uint8Array();
    if (digestOf(bytes, keyDigest(key)) !== keyDigest(key)) faults.push(`${key} has other bytes`);
  }
  for await (const { key } of storage.list("repositories")) {
    const [, name = "", kind = "", rest = ""] =
      /^repositories\/(.+)\/_([a-z]+)\/(.+)$/.exec(key) ?? [];
    const object = Buffer.from((await storage.read(key)) ?? new Uint8Array());
    if (kind === "tags") {
      tags.add(`${name}:${rest}`);
      const target = manifestKey(name, object.toString() as Digest);
      if ((await storage.stat(target)) === undefined) faults.push(`${key} leads nowhere`);
    } else if (kind === "manifests") {
      const bytes = object.subarray(object.indexOf(10) + 1);
      if (digestOf(bytes, keyDigest(key)) !== keyDigest(key)) faults.push(`${key} has other bytes`);
      faults.push(...(await missingOf(storage, name, bytes)).map((what) => `${key} lacks ${what}`));
    }
  }
  return { faults, tags, blobs };
}

async function missingOf(storage: FileStorage, name: string, bytes: Buffer): Promise<string[]> {
  const { config, layers = [] } = JSON.parse(bytes.toString()) as {
    config?: Descriptor;
    layers?: Descriptor[];
  };
  const missing: string[] = [];
  for (const { digest } of config === undefined ? layers : [config, ...layers]) {
    for (const key of [linkKey(name, digest), blobKey(digest)]) {
      if ((await storage.stat(key)) === undefined) missing.push(key);
    }
  }
  return missing;
}

function digestOf(bytes: Uint8Array, like: Digest): string {
  const algorithm = like.startsWith("sha512:") ? "sha512" : "sha256";
  return `${algorithm}:${new Bun.CryptoHasher(algorithm).update(bytes).digest("hex")}`;
}
