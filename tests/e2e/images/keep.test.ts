import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { must, TestDaemon } from "../../harness/daemon.ts";
import { TestRegistry } from "../../harness/registry.ts";
import { RegistryProxy } from "../../harness/registry-proxy.ts";
import { Samples } from "../../harness/sample-image.ts";
import {
  COMMAND_LINES,
  commandLine,
  DOCKER_IS_CURRENT,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

const LIMIT = 30_000_000;
const suite = useDaemon("--image-disk-limit", String(LIMIT));
let registry: TestRegistry;
let proxy: RegistryProxy;
let samples: Samples;
beforeAll(async () => {
  registry = await TestRegistry.start();
  proxy = await RegistryProxy.start(registry.address);
  samples = new Samples(registry.address);
});
afterAll(async () => {
  await proxy.stop();
  await registry.stop();
});

describe("image lock", () => {
  test("keeps an image from rmi, rmi -f and prune until it is unlocked", async () => {
    const { berth, docker } = suite.daemon;
    must(await berth("tag", "busybox", "kept:1"));
    expect(must(await berth("image", "lock", "kept:1")).stdout).toBe("kept:1\n");
    const inspect = must(await berth("image", "inspect", "kept:1"));
    expect(JSON.parse(inspect.stdout)[0].Locked).toBe(true);
    for (const cli of [berth, docker]) {
      for (const force of [[], ["-f"]]) {
        const refused = await cli("rmi", ...force, "kept:1");
        expect(refused.code).toBe(1);
        expect(refused.stderr).toContain("image is locked against deletion");
      }
      expect(must(await cli("image", "prune", "-af")).stdout).not.toContain("deleted");
    }
    must(await berth("image", "unlock", "kept:1"));
    must(await berth("rmi", "kept:1"));
    expect((await berth("image", "lock", "no-such")).stderr).toContain("No such image");
  });
  test("outlives the daemon and a pull of the same image", async () => {
    const { daemon } = suite;
    await samples.image("locked", "1");
    const image = `${registry.address}/locked:1`;
    must(await daemon.berth("pull", image));
    must(await daemon.berth("image", "lock", image));
    await daemon.killAndRestart();
    must(await daemon.berth("pull", image));
    expect((await daemon.berth("rmi", image)).code).toBe(1);
    must(await daemon.berth("image", "unlock", image));
    must(await daemon.berth("rmi", image));
  });
});

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  describe(`${name}: prune`, () => {
    test("with filters; --dry-run says the same and removes nothing", async () => {
      const made = async (tag: string, label: string) => {
        await cli("create", "--name", "source", "busybox", "true");
        must(await cli("commit", "--change", `LABEL role=${label}`, "source", tag));
        await cli("rm", "source");
      };
      await made("pruned:a", "one");
      await made("pruned:b", "two");
      must(await cli("tag", "pruned:b", "pruned:c"));
      const flags = ["-af", "--filter", "label=role=two"];
      const said = must(await suite.daemon.berth("image", "prune", "--dry-run", ...flags));
      expect(said.stdout).toMatch(
        /^Would delete:\nuntagged: pruned:b\nuntagged: pruned:c\ndeleted: /,
      );
      expect(must(await cli("images", "-q", "pruned")).stdout.split("\n")).toHaveLength(4);
      const done = must(await cli("image", "prune", ...flags));
      expect(
        done.stdout.replace("Deleted Images:", "Would delete:").replace("reclaimed", "reclaimable"),
      ).toBe(said.stdout);
      expect(
        must(
          await cli("image", "prune", "-af", "--filter", "label!=role=one", "--filter", "until=1h"),
        ).stdout,
      ).toBe("Total reclaimed space: 0B\n");
      must(await cli("rmi", "pruned:a"));
    });
    test.skipIf(name === "docker" && !DOCKER_IS_CURRENT)("system df counts images", async () => {
      const plain = must(await cli("system", "df"));
      expect(plain.stdout).toMatch(/^Images +1 +0 +\d[\d.]*MB +\d[\d.]*MB \(100%\)$/m);
      const verbose = must(await cli("system", "df", "-v"));
      expect(verbose.stdout).toMatch(
        /^busybox +latest +[0-9a-f]{12} +.+ago +[\d.]+MB +0B +[\d.]+MB +0$/m,
      );
    });
    test("pull: all tags, another platform, by digest", async () => {
      const { digest } = await samples.index(`${name}/all`, "one");
      await samples.image(`${name}/all`, "two");
      const repository = `${registry.address}/${name}/all`;
      must(await cli("pull", "-a", repository));
      const tags = must(await cli("images", "--format", "{{.Tag}}", repository));
      expect(tags.stdout.trim().split("\n").sort()).toEqual([
        "one",
        "one-amd64",
        "one-s390x",
        "two",
      ]);
      must(await cli("pull", "--platform", "linux/s390x", `${repository}:one`));
      const inspect = must(await cli("image", "inspect", `${repository}:one`));
      expect(JSON.parse(inspect.stdout)[0].Architecture).toBe("s390x");
      must(await cli("pull", `${repository}@${digest}`));
      const ids = must(await cli("images", "-q", repository))
        .stdout.trim()
        .split("\n");
      must(await cli("rmi", "-f", ...new Set(ids)));
    });
  });
}

test("the disk limit: untagged images go first, then the least recently used; used and locked ones stay", async () => {
  const { berth } = suite.daemon;
  const pull = async (tag: string) => {
    await samples.image("big", tag, { layers: [4_000_000] });
    must(await berth("pull", `${registry.address}/big:${tag}`));
  };
  const names = async () =>
    must(await berth("images", "--format", "{{.Tag}}", `${registry.address}/big`))
      .stdout.trim()
      .split("\n")
      .sort()
      .join(" ");
  await pull("locked");
  must(await berth("image", "lock", `${registry.address}/big:locked`));
  await pull("used");
  must(await berth("create", "--name", "user", `${registry.address}/big:used`, "/x"));
  await Bun.sleep(1100); // Names of the same second are all taken for new.
  await pull("old");
  await Bun.sleep(1100);
  const since = Math.floor(Date.now() / 1000);
  await pull("new");
  expect(await names()).toBe("locked new used");
  const events = must(
    await berth("events", "--since", String(since), "--until", "0s", "--filter", "type=image"),
  );
  expect(events.stdout).toContain("reason=image-disk-limit");
  expect(events.stdout).toContain("image delete");
  must(await berth("rm", "user"));
  must(await berth("image", "unlock", `${registry.address}/big:locked`));
  must(await berth("image", "prune", "-af"));
});

test("image send brings the missing blobs alone, and the index's digest", async () => {
  const receiver = await TestDaemon.start("--bridge", "none");
  try {
    const { berth } = suite.daemon;
    await samples.image("send", "base", { layers: [900_000], seed: "shared" });
    await samples.image("send", "full", { layers: [900_000, 300_000], seed: "shared" });
    const image = (tag: string) => `${registry.address}/send:${tag}`;
    for (const tag of ["base", "full"]) must(await berth("pull", image(tag)));
    const first = must(await berth("image", "send", receiver.host, image("base")));
    expect(first.stdout).toContain(`Loaded image: ${image("base")}`);
    const second = must(await berth("image", "send", receiver.socket, image("full")));
    const [, blobs, size] = /Sent (\d) of 4 blobs, ([\d.]+)kB/.exec(second.stderr) ?? [];
    expect(blobs).toBe("3");
    expect(Number(size)).toBeLessThan(400);
    const again = must(await berth("image", "send", "-q", receiver.host, image("full")));
    expect(again.stderr).toBe("");
    for (const tag of ["base", "full"]) {
      const id = async (daemon: TestDaemon) =>
        must(await daemon.berth("images", "-q", "--no-trunc", image(tag))).stdout;
      expect(await id(receiver)).toBe(await id(suite.daemon));
    }
    const { digest } = await samples.index("send-index", "1");
    const multi = `${registry.address}/send-index:1`;
    must(await berth("pull", multi));
    must(await berth("image", "send", receiver.host, multi));
    const push = must(await receiver.berth("push", multi));
    expect(push.stdout).toContain(`digest: ${digest}`);
    expect((await berth("image", "send", receiver.host, "no-such")).code).toBe(1);
    must(await berth("image", "prune", "-af"));
  } finally {
    await receiver.stop();
  }
});

hostStaysClean(suite);
