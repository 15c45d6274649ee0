import { expect, test } from "bun:test";
import { OperationLock } from "./operation-lock.ts";

test("OperationLock runs operations one after another, in order, past failures", async () => {
  const lock = new OperationLock();
  const trace: string[] = [];
  const step = (name: string, fails = false) =>
    lock.run(async () => {
      trace.push(`${name} in`);
      await Bun.sleep(1);
      trace.push(`${name} out`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([step("a"), step("b", true), step("c")]);
  expect(trace).toEqual(["a in", "a out", "b in", "b out", "c in", "c out"]);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(lock.busy).toBe(false);
});

test("OperationLock starts at once when idle", async () => {
  const lock = new OperationLock();
  let started = false;
  const running = lock.run(() => {
    started = true;
  });
  expect(started).toBe(true);
  await running;
});
