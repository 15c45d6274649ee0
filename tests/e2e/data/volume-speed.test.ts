import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import type { VolumeList } from "../../../src/spec/index.ts";
import { must, TestDaemon } from "../../harness/daemon.ts";

/**
 * A data root on xfs, which shares blocks between files, from an image file; where this machine cannot mount
 * one, on what there is.
 */
const place = `/tmp/be2e-xfs-${process.pid}`;
const image = `${place}.img`;
let onXfs = false;
let daemon: TestDaemon;

beforeAll(async () => {
  await mkdir(place);
  if (existsSync("/dev/loop-control") && Bun.which("mkfs.xfs") !== null) {
    await $`truncate -s 2500M ${image} && mkfs.xfs -q ${image}`.quiet();
    onXfs = (await $`mount -o loop ${image} ${place}`.quiet().nothrow()).exitCode === 0;
  }
  daemon = await TestDaemon.start("--data-root", join(place, "data"));
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  if (onXfs) await $`umount ${place}`.quiet();
  await rm(place, { recursive: true, force: true });
  await rm(image, { force: true });
});

const fastest = async (rounds: number, work: () => Promise<unknown>): Promise<number> => {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return Math.min(...times);
};

test("a clone or snapshot of 1 GB takes less than 100 ms where blocks can be shared", async () => {
  if (!onXfs) return;
  must(await daemon.berth("volume", "create", "big"));
  const file = join(place, "data/volumes/big/_data/file");
  await $`dd if=/dev/zero of=${file} bs=4M count=256 && sync -f ${file}`.quiet();
  const used = async () => Number((await $`df --output=used -k ${place} | tail -1`.text()).trim());
  const before = await used();
  let count = 0;
  const clone = await fastest(3, async () => {
    must(await daemon.berth("volume", "clone", "big", `clone${count++}`));
  });
  const snapshot = await fastest(3, async () =>
    must(await daemon.berth("volume", "snapshot", "big")),
  );
  console.log(`clone of 1 GB: ${clone.toFixed(1)} ms, snapshot: ${snapshot.toFixed(1)} ms`);
  expect(clone).toBeLessThan(100);
  expect(snapshot).toBeLessThan(100);
  expect((await used()) - before).toBeLessThan(20_000);
  await $`cmp ${file} ${join(place, "data/volumes/clone0/_data/file")}`.quiet();
  await $`dd if=/dev/urandom of=${file} bs=1M count=1 conv=notrunc`.quiet();
  expect(
    (await $`cmp ${file} ${join(place, "data/volumes/clone0/_data/file")}`.quiet().nothrow())
      .exitCode,
  ).toBe(1);
  must(await daemon.berth("volume", "prune", "-af", "--now"));
}, 60_000);

test("listing 1,000 volumes takes as long as listing 10, but for the bytes", async () => {
  const list = async () =>
    ((await (await daemon.api("/volumes")).json()) as VolumeList).Volumes.length;
  const create = async (from: number, to: number) => {
    for (let index = from; index < to; index++) {
      const body = JSON.stringify({ Name: `v${index}`, Labels: { index: String(index) } });
      const headers = { "Content-Type": "application/json" };
      await daemon.api("/volumes/create", { method: "POST", headers, body });
    }
  };
  await create(0, 10);
  expect(await list()).toBe(10);
  const ten = await fastest(15, list);
  await create(10, 1000);
  const thousand = await fastest(15, list);
  const bytes = (await (await daemon.api("/volumes")).arrayBuffer()).byteLength;
  // What a connection and JSON of that size cost by themselves, both ways.
  const json = await (await daemon.api("/volumes")).text();
  const copying = await fastest(15, async () => JSON.parse(JSON.stringify(JSON.parse(json))));
  console.log(
    `list of 10: ${ten.toFixed(2)} ms, of 1,000: ${thousand.toFixed(2)} ms (${bytes} bytes; JSON of them ${copying.toFixed(2)} ms)`,
  );
  expect(thousand - ten).toBeLessThan(10 + 3 * copying);
  const cli = await fastest(5, async () => must(await daemon.berth("volume", "ls", "-q")));
  expect(cli).toBeLessThan(500);
  must(await daemon.berth("volume", "prune", "-af", "--now"));
}, 60_000);

test("the host is left as it was found", async () => {
  expect(await daemon.stop()).toEqual([]);
});
