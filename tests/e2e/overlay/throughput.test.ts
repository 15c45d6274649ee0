import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ClusterHost, TestCluster, until } from "../../harness/cluster.ts";
import { must, run } from "../../harness/daemon.ts";

/** Of what a VXLAN link made by hand between the same hosts carries. */
const SHARE = 0.8;
/** Each measures both ways of travel, one after the other; the best of each counts. */
const ROUNDS = 6;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start(2);
  await Promise.all(cluster.hosts.map(({ daemon }) => daemon.importBusybox()));
}, 60_000);
afterAll(async () => {
  for (const host of cluster.hosts) {
    await cluster.on(host, "ip", "link", "delete", "hand0");
    await host.daemon.berth("rm", "-f", "end");
  }
  await cluster.hosts[0]?.daemon.berth("network", "rm", "wide");
  expect(await cluster.stop()).toEqual([]);
}, 60_000);

/** Attempts at one measurement: now and then iperf3 ends well and has measured nothing. */
const ATTEMPTS = 5;

/** Bits per second from one network namespace to a server in another one. */
async function speed(from: string, to: string, address: string): Promise<number> {
  let text = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    text = await measure(from, to, address);
    const { end } = JSON.parse(text) as { end?: { sum_received?: { bits_per_second: number } } };
    if (end?.sum_received !== undefined) return end.sum_received.bits_per_second;
  }
  throw new Error(`iperf3 measures nothing: ${text}`);
}

/** What a client says of a second with a server of its own. */
async function measure(from: string, to: string, address: string): Promise<string> {
  const serve = ["iperf3", "-s", "-1", "--forceflush", "-B", address];
  const server = Bun.spawn(["nsenter", `--net=${to}`, ...serve], {
    stdout: "pipe",
    stderr: "ignore",
  });
  try {
    let said = "";
    for await (const chunk of server.stdout) {
      said += Buffer.from(chunk).toString();
      if (said.includes("listening")) break;
    }
    const client = ["iperf3", "-J", "-t", "1", "-c", address];
    return (await run(["nsenter", `--net=${from}`, ...client])).stdout;
  } finally {
    server.kill();
    await server.exited;
  }
}

async function makeByHand(host: ClusterHost, peer: ClusterHost, address: string): Promise<void> {
  const vxlan = ["type", "vxlan", "id", "99", "dstport", "4799", "nolearning"];
  const ends = ["local", host.address, "remote", peer.address];
  must(await cluster.on(host, "ip", "link", "add", "hand0", ...vxlan, ...ends));
  must(await cluster.on(host, "ip", "addr", "add", `${address}/24`, "dev", "hand0"));
  must(await cluster.on(host, "ip", "link", "set", "hand0", "mtu", "1450", "up"));
}

test("containers of two hosts have 80 % or more of a bare VXLAN link made by hand", async () => {
  const [first, second] = cluster.hosts;
  if (first === undefined || second === undefined) throw new Error("two hosts are needed");
  must(await first.daemon.berth("network", "create", "-d", "overlay", "wide"));
  await until("it is on both hosts", async () => {
    return (await second.daemon.berth("network", "inspect", "wide")).code === 0;
  });
  const inside: { namespace: string; address: string }[] = [];
  for (const { daemon } of [first, second]) {
    must(
      await daemon.berth(
        "run",
        "-d",
        "--name",
        "end",
        "--network",
        "wide",
        "busybox",
        "sleep",
        "600",
      ),
    );
    const format = "{{.State.Pid}} {{.NetworkSettings.Networks.wide.IPAddress}}";
    const [pid, address = ""] = must(await daemon.berth("inspect", "-f", format, "end"))
      .stdout.trim()
      .split(" ");
    inside.push({ namespace: `/proc/${pid}/ns/net`, address });
  }
  await makeByHand(first, second, "10.99.0.1");
  await makeByHand(second, first, "10.99.0.2");
  const [from, to] = inside;
  if (from === undefined || to === undefined) throw new Error("two containers are needed");
  let [bare, overlay] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    bare = Math.max(bare, await speed(first.namespace, second.namespace, "10.99.0.2"));
    overlay = Math.max(overlay, await speed(from.namespace, to.namespace, to.address));
    if (round > 0 && overlay >= SHARE * bare) break;
  }
  console.log(
    `bare VXLAN ${(bare / 1e9).toFixed(2)} Gbit/s, overlay ${(overlay / 1e9).toFixed(2)} Gbit/s`,
  );
  expect(overlay / bare).toBeGreaterThanOrEqual(SHARE);
}, 60_000);
