import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../harness/daemon.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
const ROUNDS = 60;

/** A directory of the host that nothing of a container may read or write, whatever path leads to it. */
function canary(name: string): string {
  const directory = join(suite.daemon.root, name);
  mkdirSync(directory);
  writeFileSync(join(directory, "secret"), "host's own");
  return directory;
}

test("cp while the container swaps symlinks and directories all the time", async () => {
  const { berth, docker } = suite.daemon;
  const host = canary("canary-cp");
  const swap = [
    "mkdir -p /real",
    "echo inside > /real/secret",
    `while true; do rm -rf /t; ln -s ${host} /t; rm -rf /t; ln -s /real /t; rm -rf /t; mkdir /t; echo inside > /t/secret; done`,
  ].join("; ");
  must(await berth("run", "-d", "--name", "swapper", "busybox", "sh", "-c", swap));
  const payload = join(suite.daemon.root, "payload");
  writeFileSync(payload, "from outside");
  const out = join(suite.daemon.root, "out");
  mkdirSync(out);
  for (let round = 0; round < ROUNDS; round++) {
    const cli = round % 2 === 0 ? berth : docker;
    await cli("cp", payload, "swapper:/t/written");
    const target = join(out, `r${round}`);
    mkdirSync(target);
    await cli("cp", "swapper:/t/secret", target);
    for (const name of readdirSync(target)) {
      // Empty where it was read between its making and its writing.
      expect(["", "inside\n"]).toContain(readFileSync(join(target, name), "utf8"));
    }
  }
  expect(readdirSync(host)).toEqual(["secret"]);
  expect(readFileSync(join(host, "secret"), "utf8")).toBe("host's own");
  must(await berth("rm", "-f", "swapper"));
}, 120_000);

test("cp while the container puts devices in the place of files", async () => {
  const { berth } = suite.daemon;
  const swap =
    "while true; do rm -f /d/x; echo inside > /d/x; rm -f /d/x; mknod /d/x c 1 5; rm -f /d/x; mkfifo /d/x; done";
  must(await berth("run", "-d", "--name", "devices", "busybox", "sh", "-c", `mkdir /d; ${swap}`));
  for (let round = 0; round < 20; round++) {
    // It ends: neither an endless device nor a FIFO without a writer is read.
    const { stdout } = await berth("cp", "devices:/d", "-", { timeout: 10_000 });
    expect(stdout.length).toBeLessThan(20_000);
  }
  must(await berth("rm", "-f", "devices"));
}, 120_000);

test("a sub-path that another container turns into a symlink never leads out of the volume", async () => {
  const { berth } = suite.daemon;
  const host = canary("canary-subpath");
  must(await berth("volume", "create", "shared"));
  const swap = `while true; do rm -rf /v/sub; ln -s ${host} /v/sub; rm -rf /v/sub; ln -s /../../../../../..${host} /v/sub; rm -rf /v/sub; mkdir -p /v/sub; usleep 15000; done`;
  must(
    await berth("run", "-d", "--name", "writer", "-v", "shared:/v", "busybox", "sh", "-c", swap),
  );
  let started = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const output = await berth(
      "run",
      "--rm",
      "--mount",
      "type=volume,src=shared,dst=/m,volume-subpath=sub",
      "busybox",
      "sh",
      "-c",
      "ls /m; echo pwned > /m/pwned",
    );
    expect(output.stdout).not.toContain("secret");
    if (output.code === 0) started++;
  }
  expect(started).toBeGreaterThan(0);
  expect(readdirSync(host)).toEqual(["secret"]);
  must(await berth("rm", "-f", "writer"));
}, 120_000);

hostStaysClean(suite);
