import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../harness/daemon.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
const ROUNDS = 50;

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

test("cp while the container mounts and unmounts all the time", async () => {
  const { berth, docker } = suite.daemon;
  const host = canary("canary-mounts");
  const swap = [
    "mkdir -p /real /t; echo inside > /t/secret",
    "echo inside > /real/secret",
    `ln -s ${host} /real/out`,
    "while true; do mount --bind /real /t; umount -l /t; mount -t tmpfs none /t; umount -l /t; mount --rbind / /t; umount -l /t; done",
  ].join("; ");
  const powers = ["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined"];
  must(await berth("run", "-d", "--name", "mounter", ...powers, "busybox", "sh", "-c", swap));
  const payload = join(suite.daemon.root, "payload");
  writeFileSync(payload, "from outside");
  const out = join(suite.daemon.root, "out-mounts");
  mkdirSync(out);
  let copied = 0;
  for (let round = 0; round < ROUNDS / 2; round++) {
    const cli = round % 2 === 0 ? berth : docker;
    for (const place of ["/t/written", "/real/out/written", "/t/real/out/written"]) {
      await cli("cp", payload, `mounter:${place}`);
    }
    const target = join(out, `r${round}`);
    mkdirSync(target);
    await cli("cp", "mounter:/t/secret", target);
    await cli("cp", "-L", "mounter:/real/out", join(target, "linked"));
    for (const name of readdirSync(target)) {
      expect(name).toBe("secret");
      expect(readFileSync(join(target, name), "utf8")).toBe("inside\n");
      copied++;
    }
  }
  expect(copied).toBeGreaterThan(0);
  expect(readdirSync(host)).toEqual(["secret"]);
  expect(readFileSync(join(host, "secret"), "utf8")).toBe("host's own");
  must(await berth("rm", "-f", "mounter"));
}, 120_000);

test("cp runs and loads nothing of the container's", async () => {
  const { berth } = suite.daemon;
  const names = ["tar", "gzip", "unpigz", "xz", "cp", "berth"];
  const traps = [
    "mkdir -p /usr/bin /lib/x86_64-linux-gnu /lib64",
    ...names.map((name) => `printf '#!/bin/sh\ntouch /ran-${name}' > /usr/bin/${name}`),
    "chmod 755 /usr/bin/*",
    ...["libc.so.6", "libnss_files.so.2", "libm.so.6"].map(
      (name) => `echo broken > /lib/x86_64-linux-gnu/${name}`,
    ),
    "echo 'passwd: files' > /etc/nsswitch.conf",
    "echo /trap.so > /etc/ld.so.preload",
  ].join("; ");
  must(await berth("run", "--name", "trap", "--user", "0", "busybox", "sh", "-c", traps));
  const payload = join(suite.daemon.root, "payload");
  writeFileSync(payload, "x");
  const packed = Bun.spawnSync(["tar", "cz", "-C", suite.daemon.root, "payload"]).stdout;
  must(await berth("start", "trap"));
  for (const flags of [[], ["-a"]]) must(await berth("cp", ...flags, payload, "trap:/root"));
  must(await berth("cp", "-", "trap:/", { stdin: packed }));
  const target = join(suite.daemon.root, "trapped");
  must(await berth("cp", "trap:/", target));
  expect(readdirSync(target).filter((name) => name.startsWith("ran-"))).toEqual([]);
  expect(readFileSync(join(target, "payload"), "utf8")).toBe("x");
  must(await berth("rm", "-f", "trap"));
}, 60_000);

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
