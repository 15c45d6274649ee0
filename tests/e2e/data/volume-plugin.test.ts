import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { must, TestDaemon } from "../../harness/daemon.ts";
import { eventually } from "../../harness/suite.ts";

const PROGRAM = join(import.meta.dir, "../../harness/volume-plugin.ts");
let directory: string;
let daemon: TestDaemon;
const children: ReturnType<typeof Bun.spawn>[] = [];

async function startPlugin(name: string, fault = ""): Promise<ReturnType<typeof Bun.spawn>> {
  const socket = join(directory, `${name}.sock`);
  const command = [process.execPath, PROGRAM, socket, join(directory, name), fault];
  const child = Bun.spawn(command, { stdout: "ignore", stderr: "inherit" });
  children.push(child);
  await eventually(async () => existsSync(socket));
  return child;
}

beforeAll(async () => {
  directory = await mkdtemp("/tmp/be2e-plugins-");
  await mkdir(join(directory, "dead"));
  await startPlugin("shelf");
  await startPlugin("full", "no-create");
  await startPlugin("other", "no-activate");
  daemon = await TestDaemon.start("--plugin-dir", directory);
  await daemon.importBusybox();
}, 30_000);
afterAll(async () => {
  await daemon.stop();
  for (const child of children) child.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

const calls = async () =>
  (await readFile(join(directory, "shelf/calls"), "utf8")).trim().split("\n");
const count = async (call: string) => (await calls()).filter((line) => line === call).length;

describe.each(["berth", "docker"] as const)("%s: a volume plugin", (program) => {
  const cli = (...args: string[]) => daemon[program](...args);
  const own = (name: string) => `${program}-${name}`;

  test("creates, shows, lists, uses and removes", async () => {
    must(
      await cli("volume", "create", "-d", "shelf", "-o", "colour=red", "--label", "l=1", own("a")),
    );
    const [shown] = JSON.parse(must(await cli("volume", "inspect", own("a"))).stdout);
    expect(shown).toMatchObject({
      Driver: "shelf",
      Scope: "global",
      Mountpoint: join(directory, "shelf/volumes", own("a")),
      Options: { colour: "red" },
      Labels: { l: "1" },
      Status: { opts: { colour: "red" } },
    });
    const list = () => cli("volume", "ls", "-q", "--filter", "driver=shelf");
    expect(must(await list()).stdout).toBe(`${own("a")}\n`);
    const mount = ["-v", `${own("a")}:/d`];
    must(await cli("run", "--rm", ...mount, "busybox", "sh", "-c", "echo kept >/d/f"));
    expect(must(await cli("run", "--rm", ...mount, "busybox", "cat", "/d/f")).stdout).toBe(
      "kept\n",
    );
    await eventually(async () => (await count(`VolumeDriver.Unmount ${own("a")}`)) >= 2);
    expect(await count(`VolumeDriver.Mount ${own("a")}`)).toBe(
      await count(`VolumeDriver.Unmount ${own("a")}`),
    );
    must(await cli("create", "--name", own("user"), ...mount, "busybox"));
    expect((await cli("volume", "rm", own("a"))).stderr).toContain("volume is in use");
    must(await cli("rm", own("user")));
    must(await cli("volume", "prune", "-af"));
    expect(must(await list()).stdout).toBe(`${own("a")}\n`);
    must(await cli("volume", "rm", own("a")));
    expect(must(await list()).stdout).toBe("");
    expect((await cli("volume", "inspect", own("a"))).stderr).toContain("no such volume");
  });

  test("with --volume-driver: named and anonymous, filled from the image", async () => {
    const flags = ["--volume-driver", "shelf", "-v", `${own("b")}:/etc`, "-v", "/anon"];
    const run = must(await cli("run", "--rm", ...flags, "busybox", "cat", "/etc/group"));
    expect(run.stdout).toContain("nogroup");
    await eventually(async () => {
      const left = await cli("volume", "ls", "-q", "--filter", "driver=shelf");
      return left.stdout === `${own("b")}\n`;
    });
    must(await cli("volume", "rm", own("b")));
  });

  test("cp reaches its volume while the container does not run", async () => {
    const box = own("copied");
    const flags = ["--volume-driver", "shelf", "-v", `${own("c")}:/kept`];
    must(await cli("create", "--name", box, ...flags, "busybox", "cat", "/kept/passwd"));
    must(await cli("cp", "/etc/passwd", `${box}:/kept/passwd`));
    expect(must(await cli("start", "-a", box)).stdout).toContain("root:");
    must(await cli("rm", box));
    must(await cli("volume", "rm", own("c")));
  });

  test("tells failures in Docker's words", async () => {
    const refused = async (...args: string[]) => (await cli("volume", "create", ...args)).stderr;
    expect(await refused("-d", "none", "v1")).toContain(
      'create v1: error looking up volume plugin none: plugin "none" not found',
    );
    expect(await refused("-d", "other", "v1")).toContain(
      "create v1: error looking up volume plugin other: legacy plugin: Plugin does not implement the requested driver",
    );
    expect(await refused("-d", "full", "v1")).toContain(
      "create v1: VolumeDriver.Create: the shelf is full",
    );
    must(await cli("volume", "create", own("local")));
    expect(await refused("-d", "shelf", own("local"))).toContain(
      `driver 'local' already has volume '${own("local")}': volume name must be unique`,
    );
    must(await cli("volume", "rm", own("local")));
    const info = JSON.parse(must(await cli("info", "-f", "{{json .Plugins.Volume}}")).stdout);
    expect(info).toEqual(expect.arrayContaining(["local", "shelf", "full"]));
  });
});

test("a mount outlives a kill of the daemon and ends with its container", async () => {
  must(await daemon.berth("volume", "create", "-d", "shelf", "held"));
  must(
    await daemon.berth(
      "run",
      "-d",
      "--name",
      "holder",
      "-v",
      "held:/d",
      "busybox",
      "sleep",
      "1000",
    ),
  );
  // The image's content was put into it when the container was made.
  const before = await count("VolumeDriver.Unmount held");
  await daemon.killAndRestart();
  must(await daemon.berth("exec", "holder", "sh", "-c", "echo on >/d/f"));
  expect(await count("VolumeDriver.Unmount held")).toBe(before);
  const refused = await daemon.berth("volume", "rename", "held", "x1");
  expect(refused.stderr).toContain('Cannot rename volume "held": the plugin "shelf" keeps it');
  expect(must(await daemon.berth("volume", "cat", "held", "f")).stdout).toBe("on\n");
  must(await daemon.berth("rm", "-f", "holder"));
  await eventually(async () => (await count("VolumeDriver.Unmount held")) === before + 1);
  must(await daemon.berth("volume", "rm", "held"));
});

test("a plugin that has died keeps no list waiting; its volumes are shown with a warning", async () => {
  const child = await startPlugin("mortal");
  must(await daemon.berth("volume", "create", "-d", "mortal", "orphan"));
  child.kill("SIGKILL");
  await child.exited;
  const start = performance.now();
  const list = (await (await daemon.api("/volumes")).json()) as {
    Volumes: { Name: string }[];
    Warnings: string[];
  };
  expect(performance.now() - start).toBeLessThan(2000);
  expect(list.Volumes.map(({ Name }) => Name)).toEqual(["orphan"]);
  expect(list.Warnings.join()).toContain('Cannot list the volumes of plugin "mortal"');
  await rm(join(directory, "mortal.sock"));
  await startPlugin("mortal");
});

test("the host is left as it was found", async () => {
  expect(await daemon.stop()).toEqual([]);
});
