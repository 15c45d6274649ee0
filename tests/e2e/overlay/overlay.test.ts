import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ClusterHost, TestCluster, until } from "../../harness/cluster.ts";
import { must, type Output } from "../../harness/daemon.ts";

let cluster: TestCluster;
const host = (index: number): ClusterHost => {
  const found = cluster.hosts[index];
  if (found === undefined) throw new Error(`there is no host ${index}`);
  return found;
};
beforeAll(async () => {
  cluster = await TestCluster.start();
  await Promise.all(cluster.hosts.map(({ daemon }) => daemon.importBusybox()));
}, 60_000);
afterAll(async () => {
  await Promise.all(
    [0, 1, 2].map(async (index) => {
      const { stdout } = must(await berth(index, "ps", "-aq"));
      const ids = stdout.split("\n").filter((id) => id !== "");
      if (ids.length > 0) must(await berth(index, "rm", "-f", ...ids));
    }),
  );
  const listed = must(await berth(0, "network", "ls", "-q", "--filter", "driver=overlay")).stdout;
  for (const id of listed.split("\n").filter((one) => one !== "")) {
    await until(
      `${id} can be removed`,
      async () => (await berth(0, "network", "rm", id)).code === 0,
    );
  }
  expect(await cluster.stop()).toEqual([]);
}, 60_000);

const berth = (index: number, ...args: string[]): Promise<Output> =>
  host(index).daemon.berth(...args);
const docker = (index: number, ...args: string[]): Promise<Output> =>
  host(index).daemon.docker(...args);
const sh = async (index: number, container: string, script: string): Promise<string> =>
  must(await berth(index, "exec", container, "sh", "-c", script)).stdout.trim();
const start = async (index: number, name: string, ...flags: string[]): Promise<void> => {
  must(await berth(index, "run", "-d", "--name", name, ...flags, "busybox", "sleep", "600"));
};
const ping = async (index: number, container: string, target: string): Promise<boolean> =>
  (await berth(index, "exec", container, "ping", "-c", "1", "-W", "1", target)).code === 0;
const networksOf = async (index: number): Promise<string[]> =>
  must(await docker(index, "network", "ls", "--format", "{{.Name}}"))
    .stdout.trim()
    .split("\n");

describe("a cluster", () => {
  test("node ls shows every host with its address, version and lease", async () => {
    const { stdout } = must(
      await berth(1, "node", "ls", "--format", "{{.Hostname}} {{.Address}} {{.Lease}}"),
    );
    expect(stdout.trim().split("\n")).toEqual([
      "host1 198.18.40.11:4789 3s",
      "host2 198.18.40.12:4789 3s",
      "host3 198.18.40.13:4789 3s",
    ]);
  });

  test("a network made by either command line appears on every host, and goes from all", async () => {
    must(await docker(0, "network", "create", "-d", "overlay", "--attachable", "seen"));
    await until("the others see it", async () => (await networksOf(2)).includes("seen"));
    const shown = must(
      await docker(
        2,
        "network",
        "inspect",
        "seen",
        "--format",
        "{{.Scope}} {{.Driver}} {{.Attachable}}",
      ),
    );
    expect(shown.stdout.trim()).toBe("global overlay true");
    const again = await berth(1, "network", "create", "-d", "overlay", "seen");
    expect(again.stderr).toContain("network with name seen already exists");
    must(await docker(1, "network", "rm", "seen"));
    await until("it is gone", async () => !(await networksOf(0)).includes("seen"));
  });

  test("containers on three hosts reach each other by address and by name", async () => {
    must(await berth(0, "network", "create", "-d", "overlay", "--subnet", "10.77.0.0/24", "net"));
    await until("net is everywhere", async () => (await networksOf(2)).includes("net"));
    await until("net is everywhere", async () => (await networksOf(1)).includes("net"));
    await Promise.all([0, 1, 2].map((index) => start(index, `c${index}`, "--network", "net")));
    const addresses = await Promise.all(
      [0, 1, 2].map((index) => sh(index, `c${index}`, "hostname -i | tr ' ' '\\n' | grep 10.77")),
    );
    expect(new Set(addresses).size).toBe(3);
    for (const from of [0, 1, 2]) {
      for (const to of [0, 1, 2]) {
        await until(`c${from} reaches c${to} by name`, () => ping(from, `c${from}`, `c${to}`));
        expect(await ping(from, `c${from}`, addresses[to] ?? "")).toBe(true);
      }
    }
  });
});
