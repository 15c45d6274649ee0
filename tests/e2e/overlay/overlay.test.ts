import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ClusterHost, TestCluster, TTL, until } from "../../harness/cluster.ts";
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

  test("inspect --verbose shows every endpoint with its host, peers those that have some", async () => {
    for (const cli of [berth, docker]) {
      const format = "{{json .Services}}|{{json .Peers}}";
      const { stdout } = must(await cli(0, "network", "inspect", "-v", "-f", format, "net"));
      const [services = "", peers = ""] = stdout.trim().split("|");
      const tasks = JSON.parse(services) as Record<string, { Tasks: { Info: object }[] }>;
      expect(Object.keys(tasks)).toEqual(["c0", "c1", "c2"]);
      expect(tasks["c2"]?.Tasks[0]?.Info).toMatchObject({ "Host IP": "198.18.40.13" });
      expect((JSON.parse(peers) as unknown[]).length).toBe(3);
    }
  });

  test("the outside is reached by the host's own gateway, and ports are published there", async () => {
    must(
      await docker(
        0,
        ...["run", "-d", "--name", "web", "--network", "net", "-p", "8080:80", "busybox"],
        ...["sh", "-c", "mkdir /w; echo hello >/w/index.html; httpd -f -h /w -p 80"],
      ),
    );
    expect(await ping(0, "web", "198.18.40.1")).toBe(true);
    await until("the port answers", async () => {
      const got = await cluster.on(host(1), "curl", "-s", "-m", "2", "http://198.18.40.11:8080/");
      return got.stdout === "hello\n";
    });
    expect(await sh(1, "c1", "wget -qO- http://web/")).toBe("hello");
    const networks = must(
      await docker(0, "inspect", "web", "--format", "{{json .NetworkSettings.Networks}}"),
    );
    expect(Object.keys(JSON.parse(networks.stdout) as object)).toEqual(["net"]);
    must(await berth(0, "rm", "-f", "web"));
    await until("the others forget it", async () => !(await ping(1, "c1", "web")));
  });

  test("--internal leads nowhere, --ipv6 gives both, connect and disconnect while running", async () => {
    must(await docker(1, "network", "create", "-d", "overlay", "--internal", "--ipv6", "inner"));
    await until("it is everywhere", async () => (await networksOf(2)).includes("inner"));
    await start(1, "i1", "--network", "inner");
    must(await berth(2, "network", "connect", "--alias", "second", "inner", "c2"));
    await until("it is reached", () => ping(1, "i1", "second"));
    const six = await sh(
      2,
      "c2",
      "ip -6 addr show dev eth2 scope global | awk '/inet6/{print $2}'",
    );
    expect(six).toMatch(/^fd.*\/64$/);
    await until(
      "by IPv6",
      async () =>
        (await berth(1, "exec", "i1", "ping", "-6", "-c", "1", "-W", "1", six.split("/")[0] ?? ""))
          .code === 0,
    );
    expect(await ping(1, "i1", "198.18.40.1")).toBe(false);
    must(await docker(2, "network", "disconnect", "inner", "c2"));
    await until("it is not reached", async () => !(await ping(1, "i1", "second")));
    const refused = await docker(2, "network", "rm", "inner");
    expect(refused.stderr).toContain("has active endpoints on host2");
    must(await berth(1, "rm", "-f", "i1"));
    must(await docker(2, "network", "rm", "inner"));
  });

  test("one name of several hosts answers with all addresses, without those that are unhealthy", async () => {
    const well = [
      "--health-cmd",
      "test ! -e /ill",
      "--health-interval",
      "200ms",
      "--health-retries",
      "1",
    ];
    await start(0, "s0", "--network", "net", "--network-alias", "svc", ...well);
    await start(1, "s1", "--network", "net", "--network-alias", "svc", ...well);
    const answers = async (): Promise<number> => {
      const { stdout } = await berth(2, "exec", "c2", "nslookup", "-type=a", "svc");
      return stdout.split("\n").filter((line) => /^Address: 10\.77/.test(line)).length;
    };
    await until("both answer", async () => (await answers()) === 2);
    await sh(1, "s1", "touch /ill");
    await until("the ill one is left out", async () => (await answers()) === 1);
    await sh(1, "s1", "rm /ill");
    await until("it is back", async () => (await answers()) === 2);
    must(await berth(0, "rm", "-f", "s0"));
    must(await berth(1, "rm", "-f", "s1"));
  });

  test("encryption is refused in words, and so is an address that a container elsewhere has", async () => {
    const refused = await docker(
      0,
      "network",
      "create",
      "-d",
      "overlay",
      "--opt",
      "encrypted",
      "enc",
    );
    expect(refused.stderr).toContain("not encrypted by the overlay driver");
    const taken = await sh(1, "c1", "hostname -i | tr ' ' '\\n' | grep 10.77");
    const twice = await berth(
      0,
      "run",
      "--rm",
      "--network",
      "net",
      "--ip",
      taken,
      "busybox",
      "true",
    );
    expect(twice.stderr).toContain("Address already in use");
  });
});

describe("when something fails", () => {
  test("a daemon that is killed: its containers stay connected, and it finds them again", async () => {
    await host(1).daemon.kill();
    expect(await ping(0, "c0", "c1")).toBe(true);
    await host(1).daemon.up();
    expect(await ping(0, "c0", "c1")).toBe(true);
    expect(await ping(1, "c1", "c2")).toBe(true);
    // Beyond the lease that the killed daemon had.
    await Bun.sleep(TTL * 1500);
    expect(await ping(0, "c0", "c1")).toBe(true);
  });

  test("etcd is killed: what runs goes on, changes are refused, and all is well when it is back", async () => {
    await cluster.killStore();
    expect(await ping(0, "c0", "c1")).toBe(true);
    let said = "";
    await until("the daemon notices", async () => {
      const refused = await berth(0, "run", "--rm", "--network", "net", "busybox", "true");
      said = refused.stderr;
      return refused.code !== 0;
    });
    expect(said).toContain("cluster's store");
    await host(2).daemon.killAndRestart();
    expect(await ping(2, "c2", "c0")).toBe(true);
    await cluster.startStore();
    await until("changes go through", async () => {
      return (await berth(0, "run", "--rm", "--network", "net", "busybox", "true")).code === 0;
    });
    await until("every host is back", async () => {
      const { stdout } = await berth(0, "node", "ls", "-q");
      return stdout.trim().split("\n").length === 3;
    });
    expect(await ping(0, "c0", "c2")).toBe(true);
  });

  test("a host that is cut off is forgotten after its lease, and found when it is back", async () => {
    await cluster.cut(host(2), ["from", "to"]);
    expect(await ping(0, "c0", "c1")).toBe(true);
    await until("its name is gone", async () => {
      return !(await sh(0, "c0", "nslookup c2 || true")).includes("10.77");
    });
    await start(2, "lone", "--network", "none");
    await cluster.mend();
    await until("it is reached by name again", () => ping(0, "c0", "c2"));
    await until("and reaches others", () => ping(2, "c2", "c1"));
  });

  test("one direction cut, and a third of the packets lost: it heals without a hand", async () => {
    await cluster.cut(host(1), ["to"]);
    await until("its name is gone", async () => {
      return !(await sh(0, "c0", "nslookup c1 || true")).includes("10.77");
    });
    await cluster.mend();
    await until("it is reached by name again", () => ping(0, "c0", "c1"));
    await cluster.cut(host(1), ["from", "to"], "numgen random mod 100 < 30");
    const { stdout } = await berth(
      0,
      "exec",
      "c0",
      "ping",
      "-c",
      "10",
      "-i",
      "0.2",
      "-W",
      "1",
      "c1",
    );
    expect(stdout).toMatch(/[1-9] packets received|10 packets received/);
    await cluster.mend();
    await until("every packet arrives", () => ping(0, "c0", "c1"));
  });

  test("a host that dies: its addresses are free after the lease", async () => {
    const address = await sh(2, "c2", "hostname -i | tr ' ' '\\n' | grep 10.77");
    await host(2).daemon.kill();
    await until("its address can be had", async () => {
      const got = await berth(
        0,
        "run",
        "--rm",
        "--network",
        "net",
        "--ip",
        address,
        "busybox",
        "true",
      );
      return got.code === 0;
    });
    await host(2).daemon.up();
    await until("it is back", () => ping(0, "c0", "c2"));
  });
});
