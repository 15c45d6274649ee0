import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { must, run } from "../../harness/daemon.ts";
import { TestRegistry } from "../../harness/registry.ts";
import { COMMAND_LINES, commandLine, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(async () => {
  await registry.stop();
});

/** Puts the daemon's image into the registry by way of a saved archive and skopeo. */
async function publish(image: string, name: string, ...flags: string[]): Promise<string> {
  const archive = join(await mkdtemp(join(suite.daemon.root, "publish-")), "image.tar");
  must(await suite.daemon.berth("save", "-o", archive, image));
  const target = `docker://${registry.address}/${name}`;
  const policy = ["--insecure-policy", "copy", "--dest-tls-verify=false", ...flags];
  must(await run(["skopeo", ...policy, `docker-archive:${archive}`, target]));
  return `${registry.address}/${name}`;
}

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);

  describe(`${name}: images`, () => {
    test("commit, history, inspect, run", async () => {
      await cli("run", "--name", "base", "busybox", "sh", "-c", "echo hi > /hello; rm /etc/group");
      const changes = ["--change", 'CMD ["cat","/hello"]', "--change", "ENV X=1", "-m", "said hi"];
      const commit = await cli("commit", ...changes, "base", "greeter:1");
      expect(commit.stdout.trim()).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect((await cli("run", "--rm", "greeter:1")).stdout).toBe("hi\n");
      expect((await cli("run", "--rm", "greeter:1", "ls", "/etc")).stdout).toBe(
        "hostname\nhosts\nmtab\npasswd\nresolv.conf\n",
      );
      const inspect = JSON.parse((await cli("inspect", "greeter:1")).stdout)[0];
      expect(inspect.Config.Env).toContain("X=1");
      expect(inspect.RootFS.Layers).toHaveLength(2);
      expect((await cli("history", "greeter:1")).stdout).toContain("said hi");
      await cli("rm", "base");
    });
    test("diff-free: a container that only ran commits an empty layer or none", async () => {
      await cli("run", "--name", "idle", "busybox", "true");
      const changes = (await (
        await suite.daemon.api("/containers/idle/changes")
      ).json()) as unknown;
      expect(changes).toBeNull();
      await cli("rm", "idle");
    });
    test("save and load keep the image's id", async () => {
      const id = (await cli("images", "-q", "--no-trunc", "greeter:1")).stdout.trim();
      const archive = join(await mkdtemp(join(suite.daemon.root, "save-")), "greeter.tar");
      must(await cli("save", "-o", archive, "greeter:1"));
      must(await cli("rmi", "greeter:1"));
      const load = await cli("load", "-i", archive);
      expect(load.stdout).toBe("Loaded image: greeter:1\n");
      expect((await cli("images", "-q", "--no-trunc", "greeter:1")).stdout.trim()).toBe(id);
    });
    for (const format of ["v2s2", "oci"]) {
      test(`pulls ${format} from a real registry, twice`, async () => {
        const image = await publish("greeter:1", `${name}/greeter:${format}`, "--format", format);
        const id = (await cli("images", "-q", "--no-trunc", "greeter:1")).stdout.trim();
        const pull = must(await cli("pull", image));
        expect(pull.stdout).toContain(`Status: Downloaded newer image for ${image}`);
        expect(pull.stdout).toMatch(/Digest: sha256:[0-9a-f]{64}/);
        if (format === "v2s2") {
          expect((await cli("images", "-q", "--no-trunc", image)).stdout.trim()).toBe(id);
        }
        const started = performance.now();
        expect((await cli("pull", image)).stdout).toContain(
          `Status: Image is up to date for ${image}`,
        );
        // One question about the tag, 20 ms in the benchmark: nothing is fetched or unpacked.
        expect(performance.now() - started).toBeLessThan(1000);
        expect((await cli("run", "--rm", image)).stdout).toBe("hi\n");
        must(await cli("rmi", image));
      });
    }
    test("pulls zstd layers and by digest", async () => {
      const image = await publish(
        "greeter:1",
        `${name}/zstd:1`,
        "--format",
        "oci",
        "--dest-compress-format",
        "zstd",
      );
      must(await cli("pull", image));
      const digest = (await cli("inspect", "-f", "{{index .RepoDigests 0}}", image)).stdout.trim();
      must(await cli("rmi", image));
      must(await cli("pull", "-q", digest));
      expect((await cli("run", "--rm", digest)).stdout).toBe("hi\n");
      must(await cli("rmi", digest));
    });
    test("run pulls what is missing and says so on stderr", async () => {
      const image = await publish("greeter:1", `${name}/missing:1`);
      const output = await cli("run", "--rm", image);
      expect(output.stdout).toBe("hi\n");
      expect(output.stderr).toContain(`Unable to find image '${image}' locally`);
      const never = await cli("run", "--rm", "--pull", "never", "no-such-image");
      expect(never.code).toBe(125);
      must(await cli("rmi", image));
    });
    test("a missing image or tag is refused in Docker's words", async () => {
      const output = await cli("pull", `${registry.address}/${name}/greeter:none`);
      expect(output.code).toBe(1);
      expect(output.stderr).toContain("manifest unknown");
    });
    test("tag, untag, delete, and what is in use", async () => {
      must(await cli("tag", "greeter:1", "greeter:2"));
      expect((await cli("rmi", "greeter:2")).stdout).toBe("Untagged: greeter:2\n");
      await cli("create", "--name", "user", "greeter:1");
      const refused = await cli("rmi", "greeter:1");
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(
        'conflict: unable to remove repository reference "greeter:1" (must force)',
      );
      await cli("rm", "user");
      expect((await cli("rmi", "greeter:1")).stdout).toMatch(
        /Untagged: greeter:1\nDeleted: sha256:/,
      );
    });
    test("export and import", async () => {
      await cli("run", "--name", "source", "busybox", "sh", "-c", "echo exported > /file");
      const archive = join(await mkdtemp(join(suite.daemon.root, "export-")), "root.tar");
      must(await cli("export", "-o", archive, "source"));
      const imported = await cli("import", archive, "imported:1");
      expect(imported.stdout.trim()).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect((await cli("run", "--rm", "imported:1", "/bin/cat", "/file")).stdout).toBe(
        "exported\n",
      );
      must(await cli("rm", "source"));
      must(await cli("rmi", "imported:1"));
    });
    test("images lists what there is", async () => {
      const { stdout } = await cli("images");
      expect(stdout).toMatch(
        /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\nbusybox +latest +[0-9a-f]{12} +.* ago +[\d.]+MB\n$/,
      );
    });
  });
}

test("skopeo and dockerd's format: what is saved is an archive that skopeo reads", async () => {
  const archive = join(await mkdtemp(join(suite.daemon.root, "skopeo-")), "busybox.tar");
  must(await suite.daemon.berth("save", "-o", archive, "busybox"));
  const inspect = must(await run(["skopeo", "inspect", "--config", `docker-archive:${archive}`]));
  expect(JSON.parse(inspect.stdout).config.Cmd).toEqual(["sh"]);
});

hostStaysClean(suite);
