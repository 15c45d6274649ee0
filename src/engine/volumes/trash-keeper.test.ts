import { expect, test } from "bun:test";
import type { TrashedVolume, VolumeTrash } from "../../store/index.ts";
import type { Clock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { TrashKeeper, type TrashSettings } from "./trash-keeper.ts";

const HOUR = 3_600_000;

/** A trash of sizes, the latest first, and a clock that is set by hand. */
function keeper(settings: TrashSettings, disk = { total: 1000, free: 500 }) {
  const entries = new Map<string, { at: number; bytes: number }>();
  let now = 0;
  let due: (() => void) | undefined;
  const trash = {
    list: () =>
      [...entries]
        .map(([id, { at }]) => ({
          id,
          removedAt: new Date(at).toISOString(),
          volume: { name: id },
        }))
        .reverse() as TrashedVolume[],
    delete: (id: string) => void entries.delete(id),
    usage: async (id: string) => ({ bytes: entries.get(id)?.bytes ?? 0, diskBytes: 0, files: 0 }),
  } as unknown as VolumeTrash;
  const clock = {
    now: () => now,
    after: (_: number, callback: () => void) => {
      due = callback;
      return () => {
        due = undefined;
      };
    },
  } as unknown as Clock;
  const tended = new TrashKeeper({ trash, settings, clock, log: silentLog, disk: () => disk });
  return {
    async remove(id: string, bytes: number) {
      entries.set(id, { at: now, bytes });
      await tended.tend();
    },
    async wait(time: number) {
      now += time;
      due?.();
      await tended.tend();
    },
    left: () => [...entries.keys()],
    waits: () => due !== undefined,
    enabled: tended.enabled,
  };
}

test("TrashKeeper lets go of what has been kept for its time", async () => {
  const { remove, wait, left, waits } = keeper({ keep: 24 * HOUR, limit: 100 });
  await remove("first", 1);
  await wait(HOUR);
  await remove("second", 1);
  await wait(23 * HOUR - 1);
  expect(left()).toEqual(["first", "second"]);
  await wait(1);
  expect(left()).toEqual(["second"]);
  await wait(HOUR);
  expect([left(), waits()]).toEqual([[], false]);
});

test("TrashKeeper bounds what it keeps, the oldest goes first, the latest stays", async () => {
  const { remove, left } = keeper({ keep: HOUR, limit: 100 });
  await remove("a", 60);
  await remove("b", 30);
  await remove("c", 30);
  expect(left()).toEqual(["b", "c"]);
  await remove("huge", 5000);
  expect(left()).toEqual(["huge"]);
});

test("TrashKeeper takes a tenth of the disk by default", async () => {
  const { remove, left } = keeper({ keep: HOUR, limit: undefined });
  await remove("a", 60);
  await remove("b", 60);
  expect(left()).toEqual(["b"]);
});

test("TrashKeeper gives way when the disk runs short, no further than needed", async () => {
  const disk = { total: 1000, free: 500 };
  const { remove, wait, left } = keeper({ keep: HOUR, limit: 1000 }, disk);
  await remove("a", 20);
  await remove("b", 20);
  await remove("c", 20);
  disk.free = 25;
  await wait(1);
  expect(left()).toEqual(["c"]);
});

test("TrashKeeper keeps nothing where it is told so", () => {
  expect(keeper({ keep: 0, limit: undefined }).enabled).toBe(false);
});
