import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();

test("1,000 runs in a row leak nothing", async () => {
  const { daemon } = suite;
  const descriptors = async () => (await readdir(`/proc/${daemon.pid}/fd`)).length;
  const supervisor = await daemon.supervisorPid().catch(() => undefined);
  await daemon.berth("run", "--rm", "busybox", "true");
  const before = await descriptors();
  for (let batch = 0; batch < 250; batch++) {
    const outputs = await Promise.all(
      Array.from({ length: 4 }, () => daemon.berth("run", "--rm", "busybox", "true")),
    );
    expect(outputs.map(({ code, stderr }) => `${code}${stderr}`)).toEqual(["0", "0", "0", "0"]);
  }
  expect((await daemon.berth("ps", "-aq")).stdout).toBe("");
  expect(await descriptors()).toBeLessThan(before + 10);
  expect(await readdir(`${daemon.dataRoot}/containers`)).toEqual([]);
  const pid = supervisor ?? (await daemon.supervisorPid());
  expect((await readdir(`/proc/${pid}/fd`)).length).toBeLessThan(60);
}, 200_000);

test("200 at once with -p 0 get 200 different ports", async () => {
  const { daemon } = suite;
  const ids = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const output = await daemon.berth("run", "-d", "-p", "0:80", "busybox", "sleep", "1000");
      expect(output.stderr).toBe("");
      return output.stdout.trim();
    }),
  );
  const list = (await (await daemon.api("/containers/json")).json()) as {
    Ports: { PublicPort?: number; IP?: string }[];
  }[];
  const ports = list.flatMap(({ Ports }) =>
    Ports.filter(({ IP }) => IP === "0.0.0.0").map(({ PublicPort }) => PublicPort),
  );
  expect(ports).toHaveLength(200);
  expect(new Set(ports).size).toBe(200);
  const removed = await daemon.berth("rm", "-f", ...ids);
  expect(removed.code).toBe(0);
}, 200_000);

hostStaysClean(suite);
