import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import {
  createNetworkService,
  type JoinRequest,
  type NetworkRecord,
  type NetworkService,
} from "../index.ts";
import { RelayClient } from "../relay/relay-client.ts";
import { MemoryRecords } from "../testing/memory-records.ts";
import { NetworkLab, relayCommand, run } from "../testing/network-lab.ts";

let lab: NetworkLab;
let records: MemoryRecords;
let service: NetworkService;

const CONTAINER = "c".repeat(64);
const request: JoinRequest = {
  containerId: CONTAINER,
  name: "web",
  hostname: "web",
  networkMode: "front",
  endpoints: { front: { IPAMConfig: { IPv4Address: "10.41.0.9" } } },
  portBindings: { "80/tcp": [{ HostIp: "", HostPort: "18441" }] },
  publishAll: false,
  exposedPorts: [],
};
const open = () =>
  createNetworkService({
    execRoot: lab.execRoot,
    records,
    relayCommand: relayCommand(lab.execRoot),
    bridge: "bchk0",
  });
const subnet = (text: string) => ({ IPAM: { Config: [{ Subnet: text }] } });
/** What is found, then that a repair leaves none of it. */
const drifts = async (): Promise<string[]> => {
  const { Found } = await service.check({ repair: false });
  const { Remaining } = await service.check({ repair: true });
  expect(Remaining).toEqual([]);
  expect((await service.check({ repair: false })).Found).toEqual([]);
  return Found.map(({ Problem }) => Problem);
};
const table = () => {
  const [, name = ""] = /table inet (berth-\S+)/.exec(run("nft", "list", "tables")) ?? [];
  return name;
};
const network = (name: string) =>
  records
    .collection<NetworkRecord>("networks")
    .all()
    .find((one) => one.name === name);

beforeEach(async () => {
  lab = new NetworkLab();
  records = new MemoryRecords();
  service = open();
  await service.start();
});
afterEach(async () => {
  await service.cleanUp();
  await service.close();
  lab.close();
});

describe("check()", () => {
  let namespace: number;
  let bridge: string;
  let port: string;

  beforeEach(async () => {
    await service.create({ Name: "front", ...subnet("10.41.0.0/24") });
    await service.create({ Name: "back", EnableIPv6: true, ...subnet("10.42.0.0/24") });
    const { namespacePath } = await service.join(request);
    namespace = lab.keep(namespacePath);
    await service.connect("back", CONTAINER, {});
    bridge = network("front")?.device ?? "";
    port = run(
      "sh",
      "-c",
      `ip -o link show master ${bridge} | sed 's/.*: \\(veth[^@]*\\).*/\\1/'`,
    ).trim();
  });

  test("finds nothing where nothing has been touched, also after a restart", async () => {
    expect((await service.check({ repair: false })).Found).toEqual([]);
    await service.close();
    service = open();
    await service.start();
    const inside = Bun.spawn(["nsenter", `--net=${lab.path(namespace)}`, "sleep", "60"]);
    const home = () => readlinkSync(`/proc/${inside.pid}/ns/net`);
    while (home() !== readlinkSync(lab.path(namespace))) await Bun.sleep(5);
    await service.restore([{ id: CONTAINER, pid: inside.pid }]);
    expect((await service.check({ repair: false })).Found).toEqual([]);
    expect(run("nft", "list", "tables")).not.toContain("-check");
    inside.kill();
    await inside.exited;
  });

  test("tells of bridges that are gone, down or of other addresses", async () => {
    const back = network("back")?.device ?? "";
    run("ip", "link", "del", back);
    run("ip", "link", "set", bridge, "down");
    run("ip", "addr", "del", "10.41.0.1/24", "dev", bridge);
    run("ip", "addr", "add", "10.99.0.1/24", "dev", bridge);
    run("ip", "link", "set", bridge, "mtu", "1400");
    expect(await drifts()).toEqual([
      `The bridge "${bridge}" of network "front" is down`,
      `The bridge "${bridge}" of network "front" lacks the address 10.41.0.1/24`,
      `The bridge "${bridge}" of network "front" has the MTU 1400, not 1500`,
      `The bridge "${bridge}" of network "front" has the address 10.99.0.1/24, which is not the network's`,
      `The bridge "${back}" of network "back" is missing`,
      expect.stringContaining(`is not plugged into the bridge "${back}"`),
    ]);
  });

  test("tells of what containers lack: links, addresses, routes, ports of bridges", async () => {
    lab.inside(namespace, "ip", "route", "del", "default");
    lab.inside(namespace, "ip", "addr", "del", "10.41.0.9/24", "dev", "eth0");
    run("ip", "link", "set", port, "nomaster");
    lab.inside(namespace, "ip", "link", "del", "eth1");
    const found = await drifts();
    expect(found.slice(0, 3)).toEqual([
      'The link "eth0" of container "web" to network "front" lacks the address 10.41.0.9/24',
      `The port "${port}" of container "web" is not plugged into the bridge "${bridge}"`,
      'The link "eth1" of container "web" to network "back" is missing',
    ]);
    expect(lab.inside(namespace, "ip", "-4", "route")).toContain("default via");
    expect(lab.inside(namespace, "ip", "addr")).toContain("10.41.0.9/24");
    lab.inside(namespace, "ping", "-c1", "-W2", "10.41.0.1");
  });

  test("tells of links that nobody has any more", async () => {
    run("ip", "link", "add", "veth1234567", "type", "veth", "peer", "name", "other0");
    run("ip", "link", "set", "veth1234567", "master", bridge);
    expect(await drifts()).toEqual(['The bridge port "veth1234567" belongs to no container']);
    expect(run("ip", "link")).not.toContain("veth1234567");
  });

  test("tells of packet rules that have changed, and of elements", async () => {
    const name = table();
    let found: string[] = [];
    // What the set-up has changed is still looked after for a moment, and this with it.
    for (let attempt = 0; attempt < 10 && found.length === 0; attempt++) {
      run("nft", "flush", "map", "inet", name, "any4");
      run("nft", "add", "chain", "inet", name, "mine");
      run("nft", "add", "rule", "inet", name, "forward", "accept");
      found = await drifts();
    }
    expect(found).toEqual([
      'The chain "forward" of the packet rules is not as it should be',
      'The packet rules have a chain "mine" too many',
      'The set "any4" of the packet rules lacks tcp . 18441 : 10.41.0.9 . 80',
    ]);
    expect(run("nft", "list", "table", "inet", name)).toContain("10.41.0.9 . 80");
  });

  test("tells of ports and names that the relay has not, or has too many", async () => {
    const relay = new RelayClient({
      execRoot: lab.execRoot,
      command: relayCommand(lab.execRoot),
      wanted: () => [],
    });
    const [{ endpoint = "" } = {}] = (await relay.report())?.endpoints ?? [];
    await relay.release(endpoint);
    await relay.unname(endpoint);
    const target = { ipv4: "10.41.0.200", port: 1 };
    const hold = { protocol: "tcp", hostIps: ["127.0.0.1"], first: 18442, last: 18442 } as const;
    await relay.hold("x", [{ ...hold, hostIps: [...hold.hostIps], target }]);
    relay.close();
    expect(await drifts()).toEqual([
      'The published port tcp 0.0.0.0:18441 of container "web" is not held',
      'The published port tcp [::]:18441 of container "web" is not held',
      "The port tcp 127.0.0.1:18442 is held, and no container publishes it",
      'Container "web" has no name server',
    ]);
  });

  test("tells of settings that keep packets from being forwarded", async () => {
    run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward");
    expect(await drifts()).toEqual([
      "net.ipv4.ip_forward is off: containers reach nothing outside over IPv4",
    ]);
  });
});
