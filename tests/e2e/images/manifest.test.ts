import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Cli, must } from "../../harness/daemon.ts";
import { TestRegistry } from "../../harness/registry.ts";
import { Samples } from "../../harness/sample-image.ts";
import {
  COMMAND_LINES,
  commandLine,
  DOCKER_IS_CURRENT,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

const suite = useDaemon();
let registry: TestRegistry;
let samples: Samples;
beforeAll(async () => {
  registry = await TestRegistry.start();
  samples = new Samples(registry.address);
  for (const architecture of ["amd64", "arm64"]) {
    await samples.image("multi", architecture, { architecture, seed: architecture });
  }
});
afterAll(() => registry.stop());

/** The same steps for both command lines; what they print is compared as well. */
async function makeList(cli: Cli, list: string): Promise<string[]> {
  const part = (tag: string) => `${registry.address}/multi:${tag}`;
  const home = { env: { HOME: `${suite.daemon.root}/${list}` } };
  const target = part(list);
  const outputs: string[] = [];
  const step = async (...args: string[]) => {
    const { code, stdout, stderr } = await cli("manifest", ...args, home);
    outputs.push(`${code} ${stdout}${stderr}`.replaceAll(`multi:${list}`, "multi:LIST"));
  };
  await step("create", "--insecure", target, part("amd64"), part("arm64"));
  await step("create", "--insecure", target, part("amd64"));
  await step("create", "--amend", "--insecure", target, part("amd64"));
  await step("annotate", "--variant", "v8", "--os-features", "a,b", target, part("arm64"));
  await step("annotate", "--arch", "arm", target, part("none"));
  await step("inspect", target);
  await step("inspect", target, part("arm64"));
  await step("inspect", "-v", target);
  await step("push", "--purge", "--insecure", target);
  await step("inspect", "--insecure", target);
  await step("inspect", "-v", "--insecure", target);
  await step("inspect", "--insecure", part("amd64"));
  await step("inspect", "-v", "--insecure", part("amd64"));
  await step("inspect", "--insecure", part("missing"));
  await step("push", "--insecure", target);
  await step("rm", target);
  return outputs;
}

let ours: string[];
test("berth manifest makes a list and pushes it", async () => {
  ours = await makeList(suite.daemon.berth, "ours");
  expect(ours[0]).toStartWith("0 Created manifest list");
  expect(await samples.digest("multi", "ours")).toStartWith("sha256:");
});

test.skipIf(!DOCKER_IS_CURRENT)("docker manifest does and says the same", async () => {
  expect(await makeList(suite.daemon.docker, "theirs")).toEqual(ours);
  expect(await samples.digest("multi", "theirs")).toBe(
    (await samples.digest("multi", "ours")) ?? "",
  );
});

for (const name of COMMAND_LINES) {
  describe(`${name}: a list that was made by hand`, () => {
    test("is pulled for the machine's platform", async () => {
      const image = `${registry.address}/multi:ours`;
      must(await commandLine(suite, name)("pull", image));
      const inspect = must(await commandLine(suite, name)("image", "inspect", image));
      expect(JSON.parse(inspect.stdout)[0].Architecture).toBe("amd64");
      must(await commandLine(suite, name)("rmi", image));
    });
  });
}

hostStaysClean(suite);
