import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { handleExit } from "../engine.ts";
import { addContainer, type FakeEngine, fakeEngine } from "../testing/fake-engine.ts";
import { killContainer } from "./kill.ts";
import { pruneContainers } from "./prune.ts";
import { removeContainer } from "./remove.ts";
import { renameContainer } from "./rename.ts";
import { startContainer } from "./start.ts";
import { stopContainer } from "./stop.ts";
import { bundleDirectory } from "./tear-down.ts";
import { waitContainer } from "./wait.ts";

let engine: FakeEngine;
beforeEach(() => {
  engine = fakeEngine();
});
afterEach(() => engine.dispose());

const always = { RestartPolicy: { Name: "always" as const, MaximumRetryCount: 0 } };
const stateOf = (id: string) => engine.context.containers.get(id).record.state;
const stored = (id: string) => JSON.parse(engine.world.containers.get(id) ?? "null");
const nothingLeft = (id: string) => {
  expect(engine.world.mounted.has(id)).toBe(false);
  expect(engine.world.joined.has(id)).toBe(false);
  expect(existsSync(bundleDirectory(engine.context.execRoot, id))).toBe(false);
};

describe("startContainer()", () => {
  test("runs, persists the pid, and tells of it", async () => {
    const id = addContainer(engine);
    await startContainer(engine.context, id);
    expect(stateOf(id)).toMatchObject({ status: "running", pid: 2_000_000_000 });
    expect(stored(id).state.status).toBe("running");
    expect(engine.world.mounted.has(id)).toBe(true);
    await Bun.sleep(1);
    expect(engine.events).toContain("start");
  });

  test("is not-modified when it runs", async () => {
    const id = addContainer(engine);
    await startContainer(engine.context, id);
    expect(startContainer(engine.context, id)).rejects.toMatchObject({ kind: "not-modified" });
  });

  test("undoes everything when the program is not there, and says why", async () => {
    const id = addContainer(engine);
    engine.world.startFailure = "executable file `nope` not found in $PATH";
    const failed = startContainer(engine.context, id);
    expect(failed).rejects.toMatchObject({ kind: "invalid-argument" });
    await failed.catch(() => {});
    nothingLeft(id);
    expect(stateOf(id)).toMatchObject({ status: "created", exitCode: 127 });
    expect(stored(id).state.error).toContain("executable file not found in $PATH");
  });

  test("removes a temporary container that cannot start", async () => {
    const id = addContainer(engine, { host: { AutoRemove: true } });
    engine.world.startFailure = "broken";
    await startContainer(engine.context, id).catch(() => {});
    expect(engine.context.containers.find(id)).toBeUndefined();
    expect(existsSync(engine.world.directory(id))).toBe(false);
  });
});

describe("the end of a run", () => {
  test("is stored before it is forgotten, and leaves nothing", async () => {
    const id = addContainer(engine);
    await startContainer(engine.context, id);
    const { result } = await waitContainer(
      engine.context,
      id,
      "next-exit",
      new AbortController().signal,
    );
    await engine.exit(id, 7);
    expect(await result).toEqual({ StatusCode: 7 });
    expect(stored(id).state).toMatchObject({ status: "exited", exitCode: 7, pid: 0 });
    expect(engine.world.processes.has(id)).toBe(false);
    nothingLeft(id);
  });

  test("told twice counts once", async () => {
    const id = addContainer(engine);
    await startContainer(engine.context, id);
    const exit = engine.world.exit(id, 3);
    await Promise.all([handleExit(engine.context, exit), handleExit(engine.context, exit)]);
    await Bun.sleep(1);
    expect(engine.events.filter((action) => action === "die")).toHaveLength(1);
  });

  test("removes a temporary container and tells those who wait for that", async () => {
    const id = addContainer(engine, { host: { AutoRemove: true } });
    await startContainer(engine.context, id);
    const { signal } = new AbortController();
    const { result } = await waitContainer(engine.context, id, "removed", signal);
    await engine.exit(id, 5);
    expect(await result).toEqual({ StatusCode: 5 });
    expect(engine.world.containers.size).toBe(0);
    expect(engine.events.slice(-2)).toEqual(["die", "destroy"]);
  });

  test("is followed by a restart where the policy says so", async () => {
    const id = addContainer(engine, { host: always });
    await startContainer(engine.context, id);
    await engine.exit(id, 1);
    expect(stateOf(id).status).toBe("restarting");
    await Bun.sleep(150);
    expect(stateOf(id).status).toBe("running");
    expect(engine.context.containers.get(id).record.restartCount).toBe(1);
  });

  test("by a user's signal is final", async () => {
    const id = addContainer(engine, { host: always });
    await startContainer(engine.context, id);
    await killContainer(engine.context, id, "HUP");
    await engine.exit(id, 1);
    expect(stateOf(id).status).toBe("exited");
    expect(stored(id).stoppedByUser).toBe(true);
  });

  test("a stop calls off a restart that is waited for", async () => {
    const id = addContainer(engine, { host: always });
    await startContainer(engine.context, id);
    await engine.exit(id, 1);
    await stopContainer(engine.context, id, {});
    expect(stateOf(id).status).toBe("exited");
    await Bun.sleep(150);
    expect(engine.world.requests).toHaveLength(1);
  });
});

describe("refusals", () => {
  test("kill says that the container does not run", async () => {
    const id = addContainer(engine, { record: { name: "web" } });
    expect(killContainer(engine.context, "web", "")).rejects.toMatchObject({
      kind: "conflict",
      message: `cannot kill container: web: container ${id} is not running`,
    });
    expect(killContainer(engine.context, "web", "NOPE")).rejects.toMatchObject({
      kind: "invalid-argument",
      message: "cannot kill container: web: invalid signal: NOPE",
    });
  });

  test("stop is not-modified for a stopped container", () => {
    const id = addContainer(engine);
    expect(stopContainer(engine.context, id, {})).rejects.toMatchObject({ kind: "not-modified" });
  });

  test("remove wants a stopped container", async () => {
    const id = addContainer(engine, { record: { name: "web" } });
    await startContainer(engine.context, id);
    const options = { force: false, volumes: false, link: false };
    expect(removeContainer(engine.context, id, options)).rejects.toMatchObject({
      kind: "conflict",
      message:
        'cannot remove container "/web": container is running: stop the container before removing or force remove',
    });
  });

  test("an unknown container", () => {
    expect(startContainer(engine.context, "nope")).rejects.toMatchObject({
      kind: "not-found",
      message: "No such container: nope",
    });
  });
});

describe("renameContainer()", () => {
  test("frees the old name and refuses a taken one", async () => {
    const id = addContainer(engine, { record: { name: "old" } });
    const other = addContainer(engine, { record: { name: "other" } });
    await renameContainer(engine.context, "old", "new");
    expect(engine.context.containers.get("/new").id as string).toBe(id);
    expect(engine.context.containers.find("old")).toBeUndefined();
    expect(stored(id).name).toBe("new");
    expect(renameContainer(engine.context, "new", "other")).rejects.toThrow(
      `Error when allocating new name: Conflict. The container name "/other" is already in use by container "${other}".`,
    );
  });
});

test("pruneContainers() spares what runs and what the filters spare", async () => {
  const running = addContainer(engine);
  await startContainer(engine.context, running);
  const stopped = addContainer(engine);
  expect(await pruneContainers(engine.context, { label: ["x"] })).toEqual({
    ContainersDeleted: null,
    SpaceReclaimed: 0,
  });
  expect(await pruneContainers(engine.context, {})).toEqual({
    ContainersDeleted: [stopped],
    SpaceReclaimed: 1,
  });
  expect(engine.world.containers.size).toBe(1);
});
