import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { type RegistryStorage, UploadBusy } from "../storage/registry-storage.ts";

/** Where a storage keeps its objects: several storages may be opened on one place. */
export interface StoragePlace {
  open(): Promise<RegistryStorage>;
  close(): Promise<void>;
}

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString();
const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function* chunks(bytes: Uint8Array, size = 64 << 10): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}

/** What every storage of the registry must do. */
export function storageContract(name: string, make: () => Promise<StoragePlace>): void {
  describe(name, () => {
    let place: StoragePlace;
    let storage: RegistryStorage;
    beforeAll(async () => {
      place = await make();
      storage = await place.open();
    }, 60_000);
    afterAll(async () => {
      await place.close();
    });

    test("writes, replaces, reads, removes", async () => {
      expect(await storage.read("docs/a")).toBeUndefined();
      expect(await storage.stat("docs/a")).toBeUndefined();
      await storage.write("docs/a", "one");
      await storage.write("docs/a", "three");
      expect(text(await storage.read("docs/a"))).toBe("three");
      const info = await storage.stat("docs/a");
      expect(info?.size).toBe(5);
      expect(Math.abs((info?.modifiedAt ?? 0) - Date.now())).toBeLessThan(10_000);
      await storage.remove("docs/a");
      await storage.remove("docs/a");
      expect(await storage.read("docs/a")).toBeUndefined();
    });

    test("create() takes a key once", async () => {
      expect(await storage.create("docs/once", "a")).toBe(true);
      expect(await storage.create("docs/once", "b")).toBe(false);
      expect(text(await storage.read("docs/once"))).toBe("a");
    });

    test("touch() makes an object young and keeps it", async () => {
      expect(await storage.touch("docs/none", 0)).toBe(false);
      await storage.write("docs/old", "x");
      const before = (await storage.stat("docs/old"))?.modifiedAt ?? 0;
      // Dates of object stores have whole seconds, some rounded up.
      await Bun.sleep(2200);
      expect(await storage.touch("docs/old", 500)).toBe(true);
      expect((await storage.stat("docs/old"))?.modifiedAt).toBeGreaterThan(before);
      expect(text(await storage.read("docs/old"))).toBe("x");
    });

    test("list() gives what is below, in order, and nothing else", async () => {
      for (const key of ["list/b", "list/a/x", "list/a/y", "lister/z"])
        await storage.write(key, key);
      const keys = (await Array.fromAsync(storage.list("list"))).map(({ key }) => key);
      expect(keys).toEqual(["list/a/x", "list/a/y", "list/b"]);
      expect(await Array.fromAsync(storage.list("nothing"))).toEqual([]);
    });

    test("body() gives all or a range", async () => {
      await storage.write("docs/body", "0123456789");
      expect(await new Response(await storage.body("docs/body")).text()).toBe("0123456789");
      const part = await storage.body("docs/body", { start: 2, end: 4 });
      expect(await new Response(part).text()).toBe("234");
    });

    test("an upload of several parts goes on in another process", async () => {
      const bytes = randomBytes(13_000_000);
      await storage.uploads.create("u1");
      expect(await storage.uploads.size("u1")).toBe(0);
      expect(await storage.uploads.append("u1", chunks(bytes.subarray(0, 6_000_000)))).toBe(
        6_000_000,
      );
      const other = await place.open();
      expect(await other.uploads.size("u1")).toBe(6_000_000);
      expect(await other.uploads.append("u1", chunks(bytes.subarray(6_000_000)))).toBe(13_000_000);
      await storage.uploads.seal("u1");
      await storage.uploads.seal("u1");
      expect(hash(await collect(storage.uploads.read("u1")))).toBe(hash(bytes));
      expect(hash(await collect(storage.uploads.read("u1", 5)))).toBe(hash(bytes.subarray(5)));
      await storage.uploads.publish("u1", "blobs/sha256/aa/aa");
      await storage.uploads.publish("u1", "blobs/sha256/aa/aa");
      await storage.uploads.remove("u1");
      await storage.uploads.remove("u1");
      expect(await storage.uploads.size("u1")).toBeUndefined();
      const body = new Response(await storage.body("blobs/sha256/aa/aa"));
      expect(hash(new Uint8Array(await body.arrayBuffer()))).toBe(hash(bytes));
    });

    test("an upload keeps what came before its source failed", async () => {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("hello ");
        throw new Error("gone");
      }
      await storage.uploads.create("u2");
      const failed = storage.uploads.append("u2", broken());
      expect(failed).rejects.toThrow("gone");
      await failed.catch(() => {});
      expect(await storage.uploads.size("u2")).toBe(6);
      await storage.uploads.append("u2", chunks(Buffer.from("world")));
      await storage.uploads.seal("u2");
      expect((await collect(storage.uploads.read("u2"))).toString()).toBe("hello world");
      const ids = (await Array.fromAsync(storage.uploads.list())).map(({ id }) => id);
      expect(ids).toContain("u2");
    });

    test("an empty upload is an empty object", async () => {
      await storage.uploads.create("u3");
      await storage.uploads.seal("u3");
      await storage.uploads.publish("u3", "blobs/empty");
      expect((await storage.stat("blobs/empty"))?.size).toBe(0);
    });

    test("an upload is worked at by one at a time", async () => {
      await storage.uploads.create("u4");
      await storage.uploads.exclusively("u4", async () => {
        const second = storage.uploads.exclusively("u4", async () => {});
        expect(second).rejects.toBeInstanceOf(UploadBusy);
        await second.catch(() => {});
      });
    });

    test("check() is satisfied", async () => {
      await storage.check();
    });
  });
}
