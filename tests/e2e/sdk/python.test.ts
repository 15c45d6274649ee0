/** The Python SDK of the distribution, its scenario in scenario.py. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../../harness/daemon.ts";
import { TestRegistry } from "../../harness/registry.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
let registry: TestRegistry;

beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(() => registry.stop());

test("every step of the scenario holds", async () => {
  const script = join(import.meta.dir, "scenario.py");
  const env = { DOCKER_HOST: suite.daemon.host, HOME: join(suite.daemon.root, "home") };
  const { stdout, stderr } = await run(["/usr/bin/python3", script, registry.address], { env });
  const failed = stdout.split("\n").filter((line) => line.startsWith("FAIL"));
  expect([failed, stderr]).toEqual([[], ""]);
  expect(stdout).toEndWith("all done\n");
}, 60_000);

hostStaysClean(suite);
