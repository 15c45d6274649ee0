import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { BERTH, must, run, TestDaemon } from "../../harness/daemon.ts";
import { TestRegistry } from "../../harness/registry.ts";
import { COMMAND_LINES, hostStaysClean } from "../../harness/suite.ts";
import { TEST_ROOT_PREFIX } from "../../harness/sweep.ts";
import { matches, outputs, script, steps } from "./page.ts";

const docs = join(import.meta.dir, "../../../docs");
const page = (name: string) => readFile(join(docs, name), "utf8");

let daemon: TestDaemon;
let registry: TestRegistry;
let directory: string;
const suite = {
  get daemon() {
    return daemon;
  },
};
beforeAll(async () => {
  directory = await mkdtemp(TEST_ROOT_PREFIX);
  registry = await TestRegistry.start();
  daemon = await TestDaemon.start("--registry-mirror", `http://${registry.address}`);
  await daemon.importBusybox();
  const there = `${registry.address}/library/busybox:latest`;
  must(await daemon.berth("tag", "busybox", there));
  must(await daemon.berth("push", "-q", there));
  must(await daemon.berth("rmi", "busybox", there));
}, 30_000);
afterAll(async () => {
  await daemon.stop();
  await registry.stop();
  await rm(directory, { recursive: true, force: true });
});

describe.each(COMMAND_LINES)("the tutorial with %s", (name) => {
  test("shows what it says", async () => {
    const all = steps(await page("tutorial.md"));
    const home = join(directory, name);
    await mkdir(join(home, "bin"), { recursive: true });
    await Bun.$`ln -s ${BERTH} ${join(home, "bin/berth")}`;
    // Compose and the registry are programs of their own there.
    const other = /(^|[ (])berth (?!compose|registry|build)/gm;
    const named =
      name === "berth"
        ? all
        : all.map((step) => ({ ...step, command: step.command.replace(other, `$1${name} `) }));
    const result = await run(["bash", "-c", script(named)], {
      cwd: home,
      env: {
        PATH: `${join(home, "bin")}:${process.env["PATH"]}`,
        HOME: home,
        DOCKER_HOST: daemon.host,
        BERTH_HOST: daemon.host,
        BERTH_SOCKET: daemon.socket,
      },
      timeout: 120_000,
    });
    const printed = outputs(result.stdout);
    const wrong = named.flatMap(({ line, command, expected }, index) =>
      matches(expected, printed[index] ?? "nothing")
        ? []
        : [`line ${line}: ${command}\nexpected:\n${expected.join("\n")}\ngot:\n${printed[index]}`],
    );
    expect(wrong.join("\n\n"), result.stderr).toBe("");
    expect(all.length).toBeGreaterThan(50);
  }, 150_000);
});

test("every translation has the same commands", async () => {
  const english = steps(await page("tutorial.md")).map(({ command, expected }) => [
    command,
    expected,
  ]);
  const korean = steps(await page("tutorial.ko.md")).map(({ command, expected }) => [
    command,
    expected,
  ]);
  expect(korean).toEqual(english);
});

hostStaysClean(suite);
