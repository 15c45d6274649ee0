import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { HostConfig } from "../../spec/index.ts";
import { type FakeEngine, fakeEngine } from "../testing/fake-engine.ts";
import { removeVolume } from "../volumes/volume-verbs.ts";
import { createContainer } from "./create.ts";
import { removeContainer } from "./remove.ts";

let engine: FakeEngine;
beforeEach(() => {
  engine = fakeEngine();
});
afterEach(() => engine.dispose());

const create = (
  name: string | undefined,
  host: Partial<HostConfig> = {},
  config: object = {},
): Promise<string> =>
  createContainer(
    engine.context,
    { Image: "busybox", ...config, HostConfig: host },
    name === undefined ? {} : { name },
  ).then(({ Id }) => Id);
const recordOf = (ref: string) => engine.context.containers.get(ref).record;

describe("createContainer()", () => {
  test("takes the command of the image and Docker's defaults", async () => {
    const id = await create("web");
    expect(recordOf("web")).toMatchObject({
      id,
      name: "web",
      path: "sh",
      imageId: "sha256:b0",
      config: { Hostname: id.slice(0, 12), Env: ["PATH=/bin"], Image: "busybox" },
      hostConfig: {
        NetworkMode: "bridge",
        LogConfig: { Type: "local" },
        RestartPolicy: { Name: "no" },
        Runtime: "crun",
        ShmSize: 1 << 26,
      },
      state: { status: "created" },
    });
    expect(engine.world.containers.has(id)).toBe(true);
    await Bun.sleep(1);
    expect(engine.events).toEqual(["create"]);
  });

  test("invents a name", async () => {
    expect(recordOf(await create(undefined)).name).toMatch(/^[a-z]+_[a-z]+$/);
  });

  test("refuses what Docker refuses, in its words", async () => {
    const id = await create("web");
    expect(create("web")).rejects.toMatchObject({
      kind: "conflict",
      message: `Conflict. The container name "/web" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    });
    expect(create(undefined, {}, { Image: "nope" })).rejects.toMatchObject({
      kind: "not-found",
      message: "No such image: nope:latest",
    });
    expect(create(undefined, { Runtime: "vm" })).rejects.toThrow(
      "unknown or invalid runtime name: vm",
    );
    expect(create(undefined, { Binds: ["/a:/x", "/b:/x"] })).rejects.toThrow(
      "Duplicate mount point: /x",
    );
    expect(create(undefined, { VolumesFrom: ["gone"] })).rejects.toThrow("No such container: gone");
  });

  test("two at once for one name: one gets it", async () => {
    const results = await Promise.allSettled([create("web"), create("web")]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(engine.world.containers.size).toBe(1);
  });
});

describe("volumes of a container", () => {
  const volumes = { Binds: ["data:/data"] };
  const declared = { Volumes: { "/cache": {} } };

  test("are made, filled, and named in the record", async () => {
    const { mounts } = recordOf(await create("web", volumes, declared));
    expect(mounts).toMatchObject([
      { type: "volume", name: "data", destination: "/data", mode: "z", anonymous: false },
      { type: "volume", destination: "/cache", mode: "", anonymous: true },
    ]);
    expect(engine.world.filled).toEqual(mounts.map(({ name }) => name ?? ""));
  });

  test("come from another container, read-only where asked", async () => {
    await create("web", volumes);
    const { mounts } = recordOf(await create("other", { VolumesFrom: ["web:ro"] }));
    expect(mounts).toMatchObject([{ name: "data", destination: "/data", readWrite: false }]);
  });

  test("nothing is left when filling them fails", async () => {
    engine.world.copyFailure = true;
    await create("web", volumes, declared).catch(() => {});
    expect([...engine.world.volumes.keys()]).toEqual(["data"]);
    expect(engine.world.containers.size).toBe(0);
    expect(readdirSync(join(engine.world.root, "containers"))).toEqual([]);
    engine.world.copyFailure = false;
    await create("web");
  });

  test("cannot be removed while a container has them; anonymous ones go with rm -v", async () => {
    const id = await create("web", volumes, declared);
    expect(removeVolume(engine.context, "data", { force: false })).rejects.toMatchObject({
      kind: "conflict",
      message: `remove data: volume is in use - [${id}]`,
    });
    await removeContainer(engine.context, "web", { force: false, volumes: true, link: false });
    expect([...engine.world.volumes.keys()]).toEqual(["data"]);
    await removeVolume(engine.context, "data", { force: false });
    expect(removeVolume(engine.context, "data", { force: false })).rejects.toThrow(
      "get data: no such volume",
    );
    await removeVolume(engine.context, "data", { force: true });
  });
});
