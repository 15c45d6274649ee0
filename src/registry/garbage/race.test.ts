import { expect, test } from "bun:test";
import { mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Digest, MediaType, sha256 } from "../../spec/index.ts";
import { type OpenRegistry, openRegistry } from "../open-registry.ts";
import { RegistryLog } from "../registry-log.ts";
import { parseSettings } from "../registry-settings.ts";
import { FileStorage } from "../storage/file/file-storage.ts";
import { blobKey, linkKey, manifestKey, tagKey } from "../storage/layout.ts";
import type { RegistryStorage } from "../storage/registry-storage.ts";

const ROUNDS = 250;
const NAME = "race/app";
/** Turns of the event loop before a call to the storage. */
const MOST_PAUSES = 5;
/** Before a collector removes something: there a push can do all that it does. */
const MOST_BEFORE_REMOVE = 150;
/** Of both collectors; a push begins at one of them. */
const ANNOUNCEMENTS = 3;

async function pause(most: number): Promise<void> {
  for (let left = Math.floor(Math.random() * most); left > 0; left--) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The storage, with a random number of turns of the event loop before each of its calls. */
function restless(storage: RegistryStorage, onCall: (word: string, key: string) => void) {
  return new Proxy<RegistryStorage>(storage, {
    get(target, word, receiver) {
      const value: unknown = Reflect.get(target, word, receiver);
      if (typeof value !== "function") return value;
      if (word === "list") return value.bind(target);
      return async (...words: unknown[]) => {
        onCall(String(word), String(words[0]));
        await pause(word === "remove" ? MOST_BEFORE_REMOVE : MOST_PAUSES);
        return await value.apply(target, words);
      };
    },
  });
}

interface Round {
  readonly storage: FileStorage;
  /** Resolves when something has been announced, `count` times before. */
  announced(count: number): Promise<void>;
  /** Each opened as a process of its own would: they share nothing but the directory. */
  server(): Promise<OpenRegistry>;
}

async function openRound(root: string): Promise<Round> {
  const settings = parseSettings({
    root,
    gc: { grace: "1h" },
    retention: [{ untagged: true }],
  });
  const storage = await FileStorage.open(root);
  const log = new RegistryLog("error", () => {});
  const announcements = Array.from({ length: ANNOUNCEMENTS }, () => Promise.withResolvers<void>());
  let seen = 0;
  const onCall = (word: string, key: string): void => {
    if (word === "write" && key.startsWith("gc/sentences/")) announcements[seen++]?.resolve();
  };
  return {
    storage,
    announced: async (count) => await announcements[count]?.promise,
    server: async () => {
      const place = restless(await FileStorage.open(root), onCall);
      return await openRegistry(settings, log, place);
    },
  };
}

async function upload({ services }: OpenRegistry, bytes: Buffer): Promise<Digest> {
  const id = await services.uploads.start(NAME);
  async function* source(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  await services.uploads.append(NAME, id, source(), { limit: () => {} });
  const digest = sha256(bytes);
  await services.uploads.finish(NAME, id, digest);
  return digest;
}

async function ageEverything(root: string, storage: FileStorage): Promise<void> {
  const then = new Date(Date.now() - 2 * 3_600_000);
  for (const prefix of ["blobs", "repositories"]) {
    for await (const { key } of storage.list(prefix)) await utimes(join(root, key), then, then);
  }
}

/** As a client does: looks which blobs are there, sends those that are not, then the manifest. */
async function push(server: OpenRegistry, contents: readonly Buffer[], tag: string) {
  const entries = [];
  for (const bytes of contents) {
    const digest = sha256(bytes);
    const size = await server.services.repositories.holdBlob(NAME, digest);
    if (size === undefined) await upload(server, bytes);
    entries.push({ mediaType: MediaType.ociLayer, digest, size: bytes.length });
  }
  const manifest = { schemaVersion: 2, mediaType: MediaType.ociManifest };
  const [config, ...layers] = entries;
  const bytes = Buffer.from(JSON.stringify({ ...manifest, config, layers }));
  const digest = sha256(bytes);
  await server.services.manifests.put({
    repository: NAME,
    digest,
    bytes,
    contentType: MediaType.ociManifest,
    tags: [tag],
    complete: true,
  });
  return { digest, blobs: entries.map((entry) => entry.digest) };
}

test(`pushes that race with two collectors at once lose nothing, in ${ROUNDS} interleavings`, async () => {
  let removed = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const root = await mkdtemp(join(tmpdir(), "berth-race-"));
    try {
      const { storage, server, announced } = await openRound(root);
      const first = await server();
      // Old blobs that nothing refers to: what a broken push left, and what is pushed again now.
      const contents = [0, 1, 2].map((number) => Buffer.from(`content ${number}`));
      for (const bytes of contents) await upload(first, bytes);
      await upload(first, Buffer.from("lost"));
      await ageEverything(root, storage);
      const [one, two, other] = [await server(), await server(), await server()];
      const collect = async (registry: OpenRegistry) => {
        // The lock lets one in; the second stands for a store on which it cannot be perfect.
        await storage.remove("gc/lock");
        removed += (await registry.collector.collect())?.blobs ?? 0;
      };
      const collections = Promise.all([collect(one), announced(0).then(() => collect(two))]);
      const begin = () =>
        Promise.race([announced(Math.floor(Math.random() * ANNOUNCEMENTS)), collections]);
      const [pushed, again] = await Promise.all([
        begin().then(() => push(first, contents, "a")),
        begin().then(() => push(other, contents.slice(1), "b")),
        collections,
      ]);
      for (const [tag, { digest, blobs }] of [
        ["a", pushed],
        ["b", again],
      ] as const) {
        expect(Buffer.from((await storage.read(tagKey(NAME, tag))) ?? []).toString()).toBe(digest);
        const keys = [manifestKey(NAME, digest)];
        for (const blob of blobs) keys.push(linkKey(NAME, blob), blobKey(blob));
        for (const key of keys) expect([key, await storage.stat(key)]).not.toContain(undefined);
      }
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  }
  // Where nothing was ever removed, nothing raced.
  expect(removed).toBeGreaterThanOrEqual(ROUNDS / 2);
}, 120_000);
