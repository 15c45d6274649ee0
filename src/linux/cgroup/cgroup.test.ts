import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Cgroup, openCgroup, removeEmptyCgroup } from "./cgroup.ts";
import { type CgroupHost, detectCgroups } from "./cgroup-host.ts";
import { CgroupV2 } from "./cgroup-v2.ts";

const host = detectCgroups();
const isRoot = process.getuid?.() === 0;
const PARENT = `/berth-cgroup-test-${process.pid}`;
const MB = 1024 * 1024;

/** Processes inside of the cgroup; the script begins when the shell is inside of all of it. */
async function spawnIn(procsFiles: readonly string[], script = "sleep 1000 & sleep 1000") {
  const enter = procsFiles.map((file) => `echo $$ > ${file}`).join(" && ");
  const child = Bun.spawn(["sh", "-c", `${enter} && echo ready && { ${script}; }`], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toStartWith("ready");
  return child;
}

function foldersOf(on: CgroupHost, path: string): string[] {
  const mounts = on.mode === "v2" ? [on.unified ?? ""] : [...on.v1.values()];
  return mounts.map((mount) => join(mount, path));
}

describe.skipIf(!isRoot)("openCgroup()", () => {
  const path = `${PARENT}/one`;
  const folders = foldersOf(host, path);
  let cgroup: Cgroup;

  beforeAll(() => {
    for (const folder of folders) mkdirSync(folder, { recursive: true });
    const cpuset = host.v1.get("cpuset");
    // On v1 a new cpuset is empty and takes nobody in.
    if (cpuset !== undefined) {
      for (const folder of [join(cpuset, PARENT), join(cpuset, path)]) {
        writeFileSync(join(folder, "cpuset.cpus"), "0");
        writeFileSync(join(folder, "cpuset.mems"), "0");
      }
    }
    cgroup = openCgroup(host, path);
  });
  afterAll(async () => {
    await cgroup.remove();
    await openCgroup(host, PARENT).remove();
  });

  const procs = () => folders.map((folder) => join(folder, "cgroup.procs"));

  test("lists, freezes, thaws and kills what is inside", async () => {
    const child = await spawnIn(procs());
    expect(cgroup.exists()).toBe(true);
    expect(cgroup.pids()).toContain(child.pid);
    await cgroup.freeze();
    expect(cgroup.frozen()).toBe(true);
    await cgroup.freeze();
    await cgroup.thaw();
    expect(cgroup.frozen()).toBe(false);
    await cgroup.freeze();
    await cgroup.killAll();
    expect(cgroup.pids()).toEqual([]);
    expect((await child.exited) > 128).toBe(true);
  });

  test("changes limits in place and in an order that the kernel takes", () => {
    const limit = (memory: number, swap: number) => {
      cgroup.update({ memory: { limit: memory, swap }, pids: { limit: 55 }, cpu: { shares: 300 } });
      return cgroup.stats();
    };
    expect(limit(64 * MB, 64 * MB).memory.limit).toBe(64 * MB);
    expect(limit(256 * MB, 512 * MB).memory.limit).toBe(256 * MB);
    const stats = limit(16 * MB, 32 * MB);
    expect(stats.memory.limit).toBe(16 * MB);
    expect(stats.pids.limit).toBe(55);
    cgroup.update({ memory: { limit: -1 }, pids: { limit: -1 } });
    expect(cgroup.stats().pids.limit).toBeUndefined();
    expect(() => cgroup.update({ cpu: { cpus: "4000" } })).toThrow(/failed to write "4000"/);
  });

  test("counts what is used", async () => {
    const child = await spawnIn(procs(), "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done");
    await child.exited;
    const { cpu, memory } = cgroup.stats();
    expect(cpu.cpu_usage.total_usage).toBeGreaterThan(1_000_000);
    expect(memory.limit).toBeGreaterThan(MB);
    expect(memory.stats).toBeObject();
  });

  test("tells of an OOM kill while it happens and afterwards", async () => {
    cgroup.update({ memory: { limit: 8 * MB, swap: 8 * MB } });
    const before = cgroup.oomKills();
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = cgroup.watchOom(resolve);
    const child = await spawnIn(procs(), "head -c 64m /dev/zero | tail -c 64m > /dev/null");
    await promise;
    stop();
    await child.exited;
    expect(cgroup.oomKills()).toBeGreaterThan(before);
    cgroup.update({ memory: { limit: -1 } });
  });

  test("removeEmptyCgroup() leaves alone what is not empty", () => {
    removeEmptyCgroup(host, PARENT);
    expect(cgroup.exists()).toBe(true);
    for (const folder of foldersOf(host, `${PARENT}/idle`)) mkdirSync(folder);
    removeEmptyCgroup(host, `${PARENT}/idle`);
    removeEmptyCgroup(host, `${PARENT}/idle`);
    expect(openCgroup(host, `${PARENT}/idle`).exists()).toBe(false);
  });

  test("removes what is still in use, with the cgroups below, and twice", async () => {
    const nested = foldersOf(host, `${PARENT}/two/below`);
    for (const folder of nested) mkdirSync(folder, { recursive: true });
    const freezer = nested.filter((folder) => !folder.includes("/cpuset/"));
    const child = await spawnIn(freezer.map((folder) => join(folder, "cgroup.procs")));
    const two = openCgroup(host, `${PARENT}/two`);
    expect(two.pids()).toContain(child.pid);
    await two.remove();
    expect(two.exists()).toBe(false);
    await two.remove();
    await child.exited;
  });

  test.skipIf(host.v1.size < 2)("removes what holds a process in one hierarchy alone", async () => {
    const half = `${PARENT}/half`;
    for (const folder of foldersOf(host, half)) mkdirSync(folder);
    // Killed in the middle of a move, a runtime leaves its process so.
    const cpu = join(host.v1.get("cpu") ?? "", half);
    const child = await spawnIn([join(cpu, "cgroup.procs")]);
    const cgroup = openCgroup(host, half);
    expect(cgroup.pids()).toEqual([]);
    await cgroup.remove();
    expect(cgroup.exists()).toBe(false);
    expect((await child.exited) > 128).toBe(true);
  });
});

const unified = host.unified;
describe.skipIf(!isRoot || unified === undefined)("CgroupV2", () => {
  const mount = unified ?? "";
  const folder = join(mount, PARENT);
  const cgroup = new CgroupV2(mount, PARENT);
  beforeAll(() => mkdirSync(folder, { recursive: true }));
  afterAll(() => cgroup.remove());

  test("freezes, thaws, kills and removes by the kernel's own events", async () => {
    const child = await spawnIn([join(folder, "cgroup.procs")]);
    await cgroup.freeze();
    expect(cgroup.frozen()).toBe(true);
    await cgroup.thaw();
    expect(cgroup.frozen()).toBe(false);
    expect(cgroup.pids()).toContain(child.pid);
    await cgroup.killAll();
    expect(cgroup.pids()).toEqual([]);
    const again = await spawnIn([join(folder, "cgroup.procs")]);
    await cgroup.remove();
    expect(cgroup.exists()).toBe(false);
    await cgroup.remove();
    await Promise.all([child.exited, again.exited]);
  });
});
