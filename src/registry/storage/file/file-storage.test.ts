import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StoragePlace, storageContract } from "../../testing/storage-contract.ts";
import { UploadBusy } from "../registry-storage.ts";
import { FileStorage } from "./file-storage.ts";

async function directory(): Promise<StoragePlace> {
  const root = await mkdtemp(join(tmpdir(), "berth-storage-"));
  return {
    open: () => FileStorage.open(root),
    close: () => rm(root, { recursive: true, force: true }),
  };
}

storageContract("FileStorage", directory);

test("FileStorage keeps servers on one directory from the same upload", async () => {
  const place = await directory();
  const [one, two] = [await place.open(), await place.open()];
  await one.uploads.create("u");
  await one.uploads.exclusively("u", async () => {
    const second = two.uploads.exclusively("u", async () => {});
    expect(second).rejects.toBeInstanceOf(UploadBusy);
    await second.catch(() => {});
  });
  await place.close();
});
