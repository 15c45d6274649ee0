import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Clock, systemClock } from "../clock.ts";
import { handleExit } from "../engine.ts";
import { addContainer, type FakeEngine, fakeEngine, World } from "../testing/fake-engine.ts";
import { startContainer } from "./start.ts";
import { waitContainer } from "./wait.ts";

let engine: FakeEngine;
let due: { milliseconds: number; callback: () => void }[];
beforeEach(() => {
  due = [];
  const after: Clock["after"] = (milliseconds, callback) => {
    due.push({ milliseconds, callback });
    return () => {};
  };
  engine = fakeEngine(new World(), { ...systemClock(), after });
});
afterEach(() => engine.dispose());

/** Nothing can be stored until the function that is returned is called. */
function fillDisk(): () => void {
  const { containers } = engine.world;
  const full = (): never => {
    throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
  };
  containers.set = full;
  containers.delete = full;
  return () => {
    Reflect.deleteProperty(containers, "set");
    Reflect.deleteProperty(containers, "delete");
  };
}

async function nextRetry(): Promise<number> {
  const retry = due.pop();
  retry?.callback();
  await Bun.sleep(5);
  return retry?.milliseconds ?? 0;
}

const stored = (id: string) => JSON.parse(engine.world.containers.get(id) ?? "null");
const waitFor = async (id: string, condition: "next-exit" | "removed") =>
  (await waitContainer(engine.context, id, condition, new AbortController().signal)).result;

test("an end that cannot be stored is told, and stored once there is space", async () => {
  const id = addContainer(engine);
  await startContainer(engine.context, id);
  const ended = waitFor(id, "next-exit");
  const free = fillDisk();
  await engine.exit(id, 7);
  expect(await ended).toEqual({ StatusCode: 7 });
  expect(stored(id).state.status).toBe("running");
  expect(engine.world.processes.has(id)).toBe(true);
  expect(await nextRetry()).toBe(1000);
  expect(await nextRetry()).toBe(2000);
  free();
  expect(await nextRetry()).toBe(4000);
  expect(stored(id).state).toMatchObject({ status: "exited", exitCode: 7 });
  expect(engine.world.processes.has(id)).toBe(false);
  expect(due).toEqual([]);
});

test("it is not forgotten when it is told once more", async () => {
  const id = addContainer(engine);
  await startContainer(engine.context, id);
  fillDisk();
  const exit = engine.world.exit(id, 7);
  await handleExit(engine.context, exit);
  await handleExit(engine.context, exit);
  expect(engine.world.processes.has(id)).toBe(true);
});

test("who starts the container again stores its end first", async () => {
  const id = addContainer(engine);
  await startContainer(engine.context, id);
  const free = fillDisk();
  await engine.exit(id, 7);
  await expect(startContainer(engine.context, id)).rejects.toThrow("no space left on device");
  free();
  await startContainer(engine.context, id);
  expect(stored(id).state.status).toBe("running");
  await nextRetry();
  expect(engine.world.processes.has(id)).toBe(true);
  expect(stored(id).state.status).toBe("running");
});

test("a temporary container goes once there is space; those who wait are told why it has not yet", async () => {
  const id = addContainer(engine, { host: { AutoRemove: true } });
  await startContainer(engine.context, id);
  const removed = waitFor(id, "removed");
  const free = fillDisk();
  await engine.exit(id, 5);
  const result = await removed;
  expect(result.StatusCode).toBe(5);
  expect(result.Error?.Message).toContain("no space left on device");
  free();
  await nextRetry();
  expect(engine.world.containers.has(id)).toBe(false);
  expect(engine.context.containers.find(id)).toBeUndefined();
});
