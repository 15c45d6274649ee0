import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Digest, sha256 } from "../spec/index.ts";
import { StoreFixture } from "./store-fixture.ts";

let fixture: StoreFixture;
const content = () => fixture.store.content;
const partials = () => readdirSync(join(fixture.root, "content/ingest"));
beforeEach(async () => {
  fixture = await StoreFixture.create();
});
afterEach(async () => {
  expect(await fixture.destroy()).toEqual([]);
});

const data = Buffer.alloc(1_000_000, "some content ");
const digest = sha256(data);

async function ingest(bytes: Uint8Array, as: Digest, size?: number) {
  const writer = await content().ingest(as, size === undefined ? {} : { size });
  await writer?.write(bytes);
  return writer;
}

test("a blob is there after commit, whole, and not before", async () => {
  const writer = await ingest(data, digest, data.length);
  expect(content().stat(digest)).toBeUndefined();
  expect(await writer?.commit()).toEqual({ digest, size: data.length });
  await writer?.close();
  expect(content().stat(digest)).toEqual({ digest, size: data.length });
  expect(Buffer.from(content().read(digest)).equals(data)).toBe(true);
  const tail = await Array.fromAsync(content().open(digest, 999_990), (chunk) =>
    Buffer.from(chunk),
  );
  expect(Buffer.concat(tail)).toEqual(data.subarray(999_990));
  expect(content().list()).toEqual([{ digest, size: data.length }]);
  expect(partials()).toEqual([]);
  expect(content().remove(digest)).toBe(true);
  expect(content().remove(digest)).toBe(false);
});

test("put() is idempotent; sha512 is kept apart", async () => {
  expect(await content().put("text")).toEqual({ digest: sha256("text"), size: 4 });
  expect(await content().put("text")).toEqual({ digest: sha256("text"), size: 4 });
  const sha512 = `sha512:${new Bun.CryptoHasher("sha512").update("text").digest("hex")}` as Digest;
  await (await ingest(Buffer.from("text"), sha512))?.commit();
  expect(content().list()).toHaveLength(2);
});

test("what is missing is not found, at once", () => {
  expect(() => content().read(digest)).toThrow("no such blob");
  expect(() => content().open(digest)).toThrow("no such blob");
});

test("an interrupted arrival goes on where it was, in a later process too", async () => {
  const first = await ingest(data.subarray(0, 300_000), digest);
  await first?.close();
  await fixture.reopen();
  const second = await content().ingest(digest, { size: data.length });
  expect(second?.offset).toBe(300_000);
  await second?.write(data.subarray(300_000));
  await second?.commit();
  expect(Buffer.from(content().read(digest)).equals(data)).toBe(true);
});

test("restart() begins again; abort() leaves nothing", async () => {
  const writer = await ingest(Buffer.from("wrong"), digest);
  await writer?.restart();
  expect(writer?.offset).toBe(0);
  await writer?.write(data);
  await writer?.commit();
  const other = await ingest(Buffer.from("x"), sha256("x"));
  await other?.abort();
  await other?.close();
  expect(partials()).toEqual([]);
});

test("what does not match is refused and thrown away", async () => {
  const writer = await ingest(Buffer.from("something else"), digest);
  await expect(writer?.commit()).rejects.toMatchObject({ kind: "invalid-argument" });
  const short = await ingest(Buffer.from("abc"), sha256("abc"), 4);
  await expect(short?.commit()).rejects.toThrow("3 bytes instead of 4");
  await expect(ingest(data, digest, 10)).rejects.toThrow("longer than 10 bytes");
  expect(partials()).toEqual([]);
  expect(content().list()).toEqual([]);
});

test("one digest arrives once, however many ask", async () => {
  const first = await content().ingest(digest);
  const others = Promise.all([content().ingest(digest), content().ingest(digest)]);
  await first?.write(data);
  await first?.commit();
  expect(await others).toEqual([undefined, undefined]);
});

test("who waits takes over when the first gives up, or stops when told", async () => {
  const first = await ingest(data.subarray(0, 10), digest);
  const control = new AbortController();
  const impatient = content().ingest(digest, { signal: control.signal });
  const second = content().ingest(digest);
  control.abort(new Error("no time"));
  await expect(impatient).rejects.toThrow("no time");
  await first?.close();
  expect((await second)?.offset).toBe(10);
  await (await second)?.abort();
});

test("create() names content by what it is", async () => {
  const writer = await content().create();
  await writer.write(data);
  expect((await writer.commit()).digest).toBe(digest);
  const dropped = await content().create();
  await dropped.write(data);
  await dropped.close();
  expect(partials()).toEqual([]);
});

test("partial files are bounded in number, age and use", async () => {
  const old = Date.now() / 1000 - 8 * 24 * 3600;
  const place = (name: string) => join(fixture.root, "content/ingest", name);
  for (let index = 0; index < 40; index++) {
    writeFileSync(place(`sha256-${String(index).padStart(64, "0")}`), "x");
    utimesSync(place(`sha256-${String(index).padStart(64, "0")}`), old, Date.now() / 1000 - index);
  }
  writeFileSync(place(`sha256-${"f".repeat(64)}`), "old");
  utimesSync(place(`sha256-${"f".repeat(64)}`), old, old);
  writeFileSync(place("abc.new"), "of nobody");
  const writer = await content().create();
  await writer.write(Buffer.from("still arriving"));
  await fixture.store.collectGarbage();
  const left = partials();
  expect(left).toHaveLength(33);
  expect(left).not.toContain("abc.new");
  expect((await writer.commit()).size).toBe(14);
});

test("garbage is what nothing refers to, nobody holds and no pull may be waiting for", async () => {
  const held = await content().put("held");
  const garbage = await content().put("garbage");
  using _hold = content().hold(held.digest);
  expect(await fixture.store.collectGarbage()).toBe(0);
  expect(await fixture.store.collectGarbage({ minAge: 0 })).toBe(garbage.size);
  expect(content().list()).toEqual([held]);
});
