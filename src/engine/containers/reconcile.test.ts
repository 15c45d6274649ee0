import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { addContainer, type FakeEngine, fakeEngine } from "../testing/fake-engine.ts";
import { reconcile } from "./reconcile.ts";
import { startContainer } from "./start.ts";
import { bundleDirectory } from "./tear-down.ts";

let engine: FakeEngine;
beforeEach(() => {
  engine = fakeEngine();
});
afterEach(() => engine.dispose());

const policy = (Name: "always" | "unless-stopped" | "on-failure") => ({
  RestartPolicy: { Name, MaximumRetryCount: 0 },
});

/** The daemon dies and comes back. */
async function restartDaemon(change: () => void = () => {}): Promise<FakeEngine> {
  change();
  engine = engine.again();
  await reconcile(engine.context);
  return engine;
}
const recordOf = (id: string) => engine.context.containers.get(id).record;

describe("reconcile()", () => {
  test("adopts what runs", async () => {
    const id = addContainer(engine);
    await startContainer(engine.context, id);
    await restartDaemon();
    expect(recordOf(id).state.status).toBe("running");
    expect(engine.world.mounted.has(id)).toBe(true);
    expect(engine.world.joined.has(id)).toBe(true);
    await engine.exit(id, 4);
    expect(recordOf(id).state).toMatchObject({ status: "exited", exitCode: 4 });
  });

  test("adopts a process whose start the record never heard of", async () => {
    const id = addContainer(engine);
    const before = engine.world.containers.get(id) ?? "";
    await startContainer(engine.context, id);
    await restartDaemon(() => engine.world.containers.set(id, before));
    expect(recordOf(id).state).toMatchObject({ status: "running", pid: 2_000_000_000 });
  });

  test("takes in the exit of such a process", async () => {
    const id = addContainer(engine);
    const before = engine.world.containers.get(id) ?? "";
    await startContainer(engine.context, id);
    await restartDaemon(() => {
      engine.world.containers.set(id, before);
      engine.world.exit(id, 9);
    });
    expect(recordOf(id).state).toMatchObject({ status: "exited", exitCode: 9 });
    expect(engine.world.processes.size).toBe(0);
    expect(engine.world.mounted.size).toBe(0);
  });

  test("takes in exits that happened meanwhile, --rm included", async () => {
    const id = addContainer(engine);
    const temporary = addContainer(engine, { host: { AutoRemove: true } });
    await startContainer(engine.context, id);
    await startContainer(engine.context, temporary);
    await restartDaemon(() => {
      engine.world.exit(id, 6);
      engine.world.exit(temporary, 0);
    });
    expect(recordOf(id).state).toMatchObject({ status: "exited", exitCode: 6 });
    expect(engine.context.containers.find(temporary)).toBeUndefined();
    expect(existsSync(engine.world.directory(temporary))).toBe(false);
    expect(engine.world.processes.size).toBe(0);
  });

  test("sweeps what a start that was cut short has left", async () => {
    const id = addContainer(engine);
    await restartDaemon(() => {
      engine.world.mounted.add(id);
      engine.world.joined.add(id);
      mkdirSync(bundleDirectory(engine.context.execRoot, id), { recursive: true });
      mkdirSync(engine.world.directory("orphan"));
    });
    expect(engine.world.mounted.size + engine.world.joined.size).toBe(0);
    expect(existsSync(bundleDirectory(engine.context.execRoot, id))).toBe(false);
    expect(existsSync(engine.world.directory("orphan"))).toBe(false);
    expect(recordOf(id).state.status).toBe("created");
  });

  test("undoes a creation and finishes a removal", async () => {
    const creating = addContainer(engine, { record: { pending: "creating", name: "half" } });
    const removing = addContainer(engine, {
      record: { pending: { removing: { volumes: true } } },
    });
    await restartDaemon();
    expect(engine.world.containers.size).toBe(0);
    expect(existsSync(engine.world.directory(creating))).toBe(false);
    expect(existsSync(engine.world.directory(removing))).toBe(false);
    expect(engine.context.containers.byName("half")).toBeUndefined();
  });

  test("finishes a removal whose directory is gone already", async () => {
    const id = addContainer(engine);
    await restartDaemon(() => engine.context.store.snapshots.removeContainer(id));
    expect(engine.world.containers.size).toBe(0);
  });

  test("after a reboot nothing runs, and the policies decide", async () => {
    const plain = addContainer(engine);
    const kept = addContainer(engine, { host: policy("unless-stopped") });
    const failing = addContainer(engine, { host: policy("on-failure") });
    for (const id of [plain, kept, failing]) await startContainer(engine.context, id);
    await restartDaemon(() => {
      engine.world.processes.clear();
      engine.world.bootId = "boot-2";
    });
    await Bun.sleep(20);
    expect(recordOf(plain).state).toMatchObject({ status: "exited", exitCode: 255 });
    expect(recordOf(kept).state.status).toBe("running");
    expect(recordOf(failing).state.status).toBe("running");
    expect(recordOf(kept).bootId).toBe("boot-2");
  });

  test("always comes back even after a stop, unless-stopped does not", async () => {
    const always = addContainer(engine, { host: policy("always") });
    const unless = addContainer(engine, { host: policy("unless-stopped") });
    for (const id of [always, unless]) {
      await startContainer(engine.context, id);
      recordOf(id).stoppedByUser = true;
      await engine.exit(id, 0);
    }
    await restartDaemon();
    await Bun.sleep(20);
    expect(recordOf(always).state.status).toBe("running");
    expect(recordOf(unless).state.status).toBe("exited");
  });

  test("starts a Compose project's containers after those that they depend on", async () => {
    const labels = (service: string, needs: string) => ({
      "com.docker.compose.project": "p",
      "com.docker.compose.service": service,
      "com.docker.compose.depends_on": needs,
    });
    const add = (service: string, needs: string) => {
      const id = addContainer(engine, { host: policy("always") });
      recordOf(id).config.Labels = labels(service, needs);
      return id;
    };
    const web = add("web", "app:service_started:false,gone:service_started:false");
    const app = add("app", "db:service_healthy:false");
    const db = add("db", "");
    for (const id of [web, app, db]) await startContainer(engine.context, id);
    for (const id of [web, app, db]) await engine.exit(id, 0);
    await restartDaemon();
    const order: string[] = [];
    const abort = new AbortController();
    const filters = { type: ["container"], event: ["start"] };
    for await (const { Actor } of engine.context.events.subscribe({ filters }, abort.signal)) {
      order.push(Actor.ID);
      if (order.length === 3) break;
    }
    abort.abort();
    expect(order).toEqual([db, app, web]);
  });

  test("goes on with a restart that was waited for", async () => {
    const id = addContainer(engine, { host: policy("on-failure") });
    await startContainer(engine.context, id);
    await engine.exit(id, 1);
    expect(recordOf(id).state.status).toBe("restarting");
    await restartDaemon();
    await Bun.sleep(20);
    expect(recordOf(id).state.status).toBe("running");
  });
});
