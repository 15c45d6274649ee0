import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rmdir } from "node:fs/promises";
import { must, run, TestDaemon } from "../../harness/daemon.ts";
import { COMMAND_LINES, commandLine, eventually, hostStaysClean } from "../../harness/suite.ts";
import { TEST_ROOT_PREFIX } from "../../harness/sweep.ts";

/** A daemon whose data root is a disk of its own, small enough to be filled. */
let disk: string;
let daemon: TestDaemon;
const suite = {
  get daemon() {
    return daemon;
  },
};
beforeAll(async () => {
  disk = await mkdtemp(TEST_ROOT_PREFIX);
  must(await run(["mount", "-t", "tmpfs", "-o", "size=48m", "full-disk", disk]));
  daemon = await TestDaemon.start("--data-root", disk);
  await daemon.importBusybox();
});
afterAll(async () => {
  await daemon.stop();
  await run(["umount", disk]);
  await rmdir(disk);
});

const fill = async (container: string) => {
  const { stderr } = await daemon.berth("exec", container, "dd", "if=/dev/zero", "of=/fill");
  expect(stderr).toContain("No space left on device");
};

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  describe(`${name} on a full disk`, () => {
    test("what runs goes on, its end is told and recorded, and removing frees the disk", async () => {
      for (const box of ["filler", "waits"]) {
        must(await cli("run", "-d", "--name", box, "busybox", "sleep", "1000"));
      }
      const temporary = cli("run", "--rm", "--name", "temporary", "busybox", "sleep", "1000");
      await eventually(async () => (await cli("exec", "temporary", "true")).code === 0);
      await fill("filler");

      expect(must(await cli("exec", "waits", "echo", "here")).stdout).toBe("here\n");
      const refusal = await cli("run", "--name", "more", "busybox", "true");
      expect(refusal.code).toBe(125);
      expect(refusal.stderr).toContain("no space left on device");
      must(await cli("kill", "temporary"));
      expect((await temporary).code).toBe(137);
      must(await cli("stop", "-t", "0", "waits"));
      await daemon.killAndRestart();
      const states = must(await cli("ps", "-a", "--format", "{{.Names}} {{.State}}")).stdout;
      expect(states).toContain("waits exited");
      expect(states).toContain("filler running");
      expect(states).not.toContain("temporary");

      must(await cli("rm", "-f", "filler"));
      must(await cli("start", "waits"));
      must(await cli("rm", "-f", "waits", "more"));
    });
  });
}

hostStaysClean(suite);
