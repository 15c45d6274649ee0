import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BERTH, must, type Output, run } from "../../harness/daemon.ts";
import { DockerDaemon } from "../../harness/docker-daemon.ts";
import { leftBehind, readHostState } from "../../harness/host-state.ts";
import { eventually } from "../../harness/suite.ts";
import { TEST_ROOT_PREFIX } from "../../harness/sweep.ts";

/** A project of its own that has the package installed. */
let project: string;
let archive: string;
const checkout = join(import.meta.dir, "../../..");
beforeAll(async () => {
  project = await mkdtemp(TEST_ROOT_PREFIX);
  must(await run([process.execPath, join(checkout, "tools/build-package.ts")]));
  await mkdir(join(project, "node_modules"));
  await symlink(join(checkout, "dist/npm"), join(project, "node_modules/berth"));
  await symlink(join(checkout, "node_modules/@types"), join(project, "node_modules/@types"));
  await writeFile(join(project, "package.json"), '{ "type": "module" }');
  await copyFile(join(import.meta.dir, "program.ts"), join(project, "program.ts"));
  must(
    await run([process.execPath, "build", "program.ts", "--no-bundle", "--outfile", "program.js"], {
      cwd: project,
    }),
  );
  archive = join(project, "busybox.tar");
  await Bun.write(archive, Bun.spawnSync([join(checkout, "tools/busybox-image.sh")]).stdout);
}, 60_000);
afterAll(() => rm(project, { recursive: true, force: true }));

const program = (runtime: string, host: string, mode: string): Promise<Output> => {
  const env = { BERTH_BINARY: BERTH, TMPDIR: project };
  return run([runtime, "program.js", host, mode, archive], { cwd: project, env });
};

function said({ stdout, stderr }: Output): Record<string, unknown> {
  const lines = stdout.split("\n").filter((line) => line !== "");
  if (lines.length === 0) throw new Error(stderr);
  return Object.fromEntries(
    lines.map((line) => JSON.parse(line)).map(({ what, value }) => [what, value]),
  );
}

const EXPECTED = {
  api: true,
  output: "out\ngot word\n",
  exit: 3,
  cancelled: "cancelled",
  events: "destroy",
  error: ["DaemonError", 404, "not-found"],
  images: 0,
};

const ownPlaces = async () => (await readdir(project)).filter((name) => name.startsWith("berth-"));
const state = () => readHostState({ process: project, cgroup: "/berth-" });

test.each(["node", process.execPath])(
  "in %s engines of a program's own go with it, however it ends",
  async (runtime) => {
    const before = await state();
    const modes = ["stop", "leave", "crash"];
    const outputs = await Promise.all(modes.map((mode) => program(runtime, "", mode)));
    for (const output of outputs) {
      expect(said(output)).toMatchObject(EXPECTED);
      expect(output.stderr).toBe("");
    }
    expect(outputs.map(({ code }) => code)).toEqual([0, 0, 137]);
    await eventually(async () => (await ownPlaces()).length === 0);
    await eventually(async () => leftBehind(before, await state()).length === 0);
  },
  60_000,
);

test("works with dockerd too", async () => {
  const docker = await DockerDaemon.start();
  if (docker === undefined) throw new Error("dockerd does not start");
  try {
    const host = `unix://${docker.root}/docker.sock`;
    expect(said(await program("node", host, "stop"))).toMatchObject(EXPECTED);
  } finally {
    await docker.stop();
  }
}, 60_000);

test("says what is wrong where there is no program", async () => {
  const script = 'await (await import("berth/testing")).startEngine({ binary: "/no/such" })';
  const { code, stderr } = await run(["node", "--input-type=module", "-e", script], {
    cwd: project,
  });
  expect(code).toBe(1);
  expect(stderr).toContain('Cannot start "/no/such"');
});

test("its types hold for a program", async () => {
  const flags = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"];
  const types = ["--types", "node", "--lib", "es2023,esnext.disposable,dom,dom.asynciterable"];
  const tsc = join(checkout, "node_modules/.bin/tsc");
  const command = [tsc, "--ignoreConfig", ...flags, ...types, "program.ts"];
  expect((await run(command, { cwd: project })).stdout).toBe("");
}, 60_000);
