import { expect, test } from "bun:test";
import { ClusterSession, MemoryClusterStore } from "../../cluster/index.ts";
import type { NetworkRecord } from "../network-record.ts";
import { ActiveOverlay } from "./active-overlay.ts";
import { OverlayDirectory } from "./overlay-directory.ts";
import type { OverlayEndpoint } from "./overlay-endpoint.ts";

const NETWORK = "n1";

async function member(store: MemoryClusterStore, id: string) {
  const connection = store.connection();
  const host = {
    id,
    name: id,
    address: "198.51.100.1",
    port: 4789,
    version: "1",
    started: "",
    ttl: 30,
  };
  const session = new ClusterSession(connection, host, { joined: async () => {}, away: () => {} });
  await session.start();
  return { connection, session, directory: new OverlayDirectory(session) };
}

const record = (vni: number): NetworkRecord => ({
  id: NETWORK,
  name: "net",
  driver: "overlay",
  created: "",
  overlay: { vni },
  internal: false,
  attachable: false,
  ipam: { Driver: "default", Options: null, Config: [] },
  options: {},
  labels: {},
});

const endpoint = (id: string, hostId: string, ipv4: string): OverlayEndpoint => ({
  id,
  networkId: NETWORK,
  containerId: id,
  containerName: id,
  names: [id],
  exposed: [],
  macAddress: "02:42:0a:00:00:02",
  ipv4,
  hostId,
  hostName: hostId,
  host: "198.51.100.1",
  port: 4789,
});

test("claim() gives an address to one endpoint of the cluster, until it is released", async () => {
  const store = new MemoryClusterStore();
  const [a, b] = [await member(store, "a"), await member(store, "b")];
  await a.directory.createNetwork((_, vni) => record(vni));
  const [one, two] = [endpoint("e1", "a", "10.0.0.2"), endpoint("e2", "b", "10.0.0.2")];
  const claimed = await Promise.all([a.directory.claim(one), b.directory.claim(two)]);
  expect(claimed).toEqual([true, false]);
  expect(await a.directory.claim(one)).toBe(true);
  expect(await b.directory.removeNetwork(NETWORK)).toBe(false);
  await a.directory.release(one);
  expect(await b.directory.claim(two)).toBe(true);
  // Late, and by somebody who has it no more: it stays with its holder.
  await a.directory.release(one);
  expect(await a.directory.claim(one)).toBe(false);
  await b.directory.release(two);
  expect(await a.directory.removeNetwork(NETWORK)).toBe(true);
  expect(await a.directory.claim(one)).toBe(false);
});

test("createNetwork() decides anew when somebody else was quicker", async () => {
  const store = new MemoryClusterStore();
  const [a, b] = [await member(store, "a"), await member(store, "b")];
  const named = (id: string) => (_: unknown, vni: number) => ({ ...record(vni), id });
  const made = await Promise.all([
    a.directory.createNetwork(named("one")),
    b.directory.createNetwork(named("two")),
  ]);
  expect(made.map(({ overlay }) => overlay?.vni).sort()).toEqual([4097, 4098]);
});

test("a store that is away refuses changes in words, and mirrors keep what they know", async () => {
  const store = new MemoryClusterStore();
  const [a, b] = [await member(store, "a"), await member(store, "b")];
  await a.directory.createNetwork((_, vni) => record(vni));
  await a.directory.claim(endpoint("e1", "a", "10.0.0.2"));
  const heard: [string[], string[]][] = [];
  const overlay = new ActiveOverlay(b.connection, "b", NETWORK, [], {
    changed: (added, gone) => heard.push([added.map(({ id }) => id), gone.map(({ id }) => id)]),
    own: () => {},
  });
  await overlay.start();
  b.connection.cut();
  expect(overlay.remote().map(({ id }) => id)).toEqual(["e1"]);
  const refused = await b.directory
    .createNetwork((_, vni) => record(vni))
    .catch((error: Error) => error.message);
  expect(refused).toContain("out of reach");
  store.endLease(a.session.lease);
  b.connection.mend();
  const end = Date.now() + 5000;
  while (heard.length < 2 && Date.now() < end) await Bun.sleep(20);
  expect(heard).toEqual([
    [["e1"], []],
    [[], ["e1"]],
  ]);
  overlay.close();
});
