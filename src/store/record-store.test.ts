import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openStore } from "./index.ts";
import { StoreFixture } from "./store-fixture.ts";

let fixture: StoreFixture;
beforeEach(async () => {
  fixture = await StoreFixture.create();
});
afterEach(() => fixture.destroy());

interface Thing {
  name: string;
  list?: number[];
}

describe("RecordStore", () => {
  test("keeps values per collection, over a restart, in byte order of the keys", async () => {
    const things = fixture.store.records.collection<Thing>("things");
    const others = fixture.store.records.collection<Thing>("others");
    things.put("b", { name: "second" });
    things.put("a", { name: "first", list: [1] });
    things.put("ä", { name: "last" });
    things.put("b", { name: "changed" });
    others.put("a", { name: "other" });
    const reopened = (await fixture.reopen()).records.collection<Thing>("things");
    expect(reopened.entries()).toEqual([
      ["a", { name: "first", list: [1] }],
      ["b", { name: "changed" }],
      ["ä", { name: "last" }],
    ]);
    expect(reopened.delete("a")).toBe(true);
    expect(reopened.delete("a")).toBe(false);
    expect(reopened.get("a")).toBeUndefined();
    expect(reopened.all()).toHaveLength(2);
  });

  test("gives a fresh value each time", () => {
    const things = fixture.store.records.collection<Thing>("things");
    things.put("a", { name: "kept" });
    const value = things.get("a");
    if (value !== undefined) value.name = "changed";
    expect(things.get("a")).toEqual({ name: "kept" });
  });

  test("a transaction that throws changes nothing", () => {
    const { records } = fixture.store;
    const things = records.collection<Thing>("things");
    const failing = () =>
      records.transaction(() => {
        things.put("a", { name: "gone" });
        records.transaction(() => things.put("b", { name: "gone" }));
        throw new Error("no");
      });
    expect(failing).toThrow("no");
    expect(things.all()).toEqual([]);
  });
});

describe("openStore()", () => {
  test("refuses a store that is open, and a schema of the future", async () => {
    await expect(openStore(fixture.root)).rejects.toMatchObject({ kind: "unavailable" });
    await fixture.store.close();
    const database = new Database(join(fixture.root, "berth.db"));
    const version = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
    database.run("PRAGMA user_version = 999");
    database.close();
    await expect(openStore(fixture.root)).rejects.toThrow("later Berth");
    const again = new Database(join(fixture.root, "berth.db"));
    again.run(`PRAGMA user_version = ${version?.user_version}`);
    again.close();
    fixture.store = await openStore(fixture.root);
  });
});

describe("Journal", () => {
  test("hands what an earlier process began to its handler, oldest first, once", async () => {
    const { journal } = fixture.store;
    journal.begin("create", { id: "a", step: 0 }).update({ id: "a", step: 1 });
    journal.begin("remove", { id: "b" });
    journal.begin("create", { id: "c", step: 0 });
    journal.begin("create", { id: "done", step: 0 }).finish();
    journal.begin("unknown", {});
    const reopened = (await fixture.reopen()).journal;
    reopened.begin("create", { id: "of this process", step: 0 });
    const seen: unknown[] = [];
    const note = (payload: unknown) => {
      seen.push(payload);
    };
    await reopened.recover({ create: note, remove: note });
    expect(seen).toEqual([{ id: "a", step: 1 }, { id: "b" }, { id: "c", step: 0 }]);
    await reopened.recover({ create: note, remove: note });
    expect(seen).toHaveLength(3);
  });

  test("keeps what could not be recovered and tries the others", async () => {
    fixture.store.journal.begin("fails", { n: 1 });
    fixture.store.journal.begin("works", { n: 2 });
    const { journal } = await fixture.reopen();
    const seen: unknown[] = [];
    const works = (payload: unknown) => {
      seen.push(payload);
    };
    const fails = () => {
      throw new Error("not yet");
    };
    await expect(journal.recover({ fails, works })).rejects.toThrow("not yet");
    await journal.recover({ fails: works });
    expect(seen).toEqual([{ n: 2 }, { n: 1 }]);
  });
});
