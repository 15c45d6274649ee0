import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../index.ts";
import type { LayerRecord } from "../snapshot-store.ts";
import { StoreFixture } from "../store-fixture.ts";
import { openDatabase } from "./database.ts";
import { LayerTable } from "./layer-table.ts";
import { LayerUnpacker } from "./layer-unpacker.ts";
import { StorePaths } from "./store-paths.ts";
import { Trash } from "./trash.ts";

let fixture: StoreFixture;
let layers: LayerRecord[];
beforeEach(async () => {
  fixture = await StoreFixture.create();
  layers = await fixture.layers([[{ path: "a" }, "first"]], [[{ path: "b" }, "second"]]);
});
afterEach(async () => {
  expect(await fixture.destroy()).toEqual([]);
});

const fileOf = (layer: LayerRecord | undefined, name: string): string => {
  if (layer === undefined) throw new Error("no layer");
  return join(fixture.store.snapshots.layerDirectory(layer.chainId), name);
};

/** As after a power loss: another boot, and files whose content never reached the disk. */
async function losePower(change: (database: Database) => void = () => undefined): Promise<void> {
  const files = [fileOf(layers[0], "a"), fileOf(layers[1], "b")];
  await fixture.store.close();
  const database = new Database(join(fixture.root, "berth.db"));
  database.run("UPDATE settings SET value = 'another' WHERE name = 'boot'");
  change(database);
  database.close();
  for (const file of files) writeFileSync(file, "");
  fixture.store = await openStore(fixture.root);
}

test("layers that may not have reached the disk are unpacked again after a reboot", async () => {
  await losePower();
  expect(readFileSync(fileOf(layers[0], "a"), "utf8")).toBe("first");
  expect(readFileSync(fileOf(layers[1], "b"), "utf8")).toBe("second");
  expect(fixture.store.snapshots.layers()).toHaveLength(2);
});

test("layers that are known to be on the disk are left alone", async () => {
  await losePower((database) => database.run("UPDATE layers SET synced = 1"));
  expect(readFileSync(fileOf(layers[0], "a"), "utf8")).toBe("");
});

test("a layer whose directory is gone comes back, for the containers on it too", async () => {
  fixture.store.snapshots.prepareContainer(
    "c",
    layers.map(({ chainId }) => chainId),
  );
  rmSync(join(fixture.root, "layers", String(layers[0]?.chainId).slice(7)), { recursive: true });
  await fixture.reopen();
  const rootfs = fixture.store.snapshots.mount("c");
  expect(readFileSync(join(rootfs, "a"), "utf8")).toBe("first");
  expect(readdirSync(rootfs)).toContain("proc");
  fixture.store.snapshots.unmount("c");
});

test("directories of nobody are deleted", async () => {
  mkdirSync(join(fixture.root, "layers/.new-1/diff"), { recursive: true });
  mkdirSync(join(fixture.root, "containers/half/upper"), { recursive: true });
  mkdirSync(join(fixture.root, "trash/1/deep"), { recursive: true });
  await fixture.reopen();
  await fixture.reopen();
  expect(readdirSync(join(fixture.root, "layers"))).toHaveLength(2);
  expect(readdirSync(join(fixture.root, "containers"))).toEqual([]);
  expect(readdirSync(join(fixture.root, "trash"))).toEqual([]);
});

test("LayerUnpacker.sync() marks what has been written back", async () => {
  await fixture.store.close();
  const paths = new StorePaths(fixture.root);
  const database = openDatabase(paths.database);
  const table = new LayerTable(database);
  expect(table.unsynced()).toHaveLength(2);
  await new LayerUnpacker(paths, table, new Trash(paths.trash)).sync();
  expect(table.unsynced()).toEqual([]);
  database.close();
  fixture.store = await openStore(fixture.root);
});
