/**
 * Many hosts in one overlay network, simulated against a real etcd: how long it takes until everybody knows
 * everybody, what travels and what a host keeps. `bun tests/soak/overlay-scale.ts [HOSTS] [ENDPOINTS]`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClusterSession, EtcdStore } from "../../src/cluster/index.ts";
import type { NetworkRecord } from "../../src/network/index.ts";
import { ActiveOverlay } from "../../src/network/overlay/active-overlay.ts";
import { OverlayDirectory } from "../../src/network/overlay/overlay-directory.ts";
import type { OverlayEndpoint } from "../../src/network/overlay/overlay-endpoint.ts";

const [hosts = 50, each = 100] = process.argv.slice(2).map(Number);
const URL = "http://127.0.0.1:23791";
const NETWORK = "simulated";

const root = await mkdtemp(join(tmpdir(), "overlay-scale-"));
const etcd = Bun.spawn(
  [
    "etcd",
    ...["--data-dir", root, "--listen-client-urls", URL, "--advertise-client-urls", URL],
    ...["--listen-peer-urls", "http://127.0.0.1:23801"],
  ],
  { stdout: "ignore", stderr: "ignore" },
);

/** Sum of a counter of etcd's, over all of its labels. */
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${URL}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

const record: NetworkRecord = {
  id: NETWORK,
  name: NETWORK,
  driver: "overlay",
  created: "",
  overlay: { vni: 4097 },
  internal: false,
  attachable: true,
  ipam: { Driver: "default", Options: null, Config: [] },
  options: {},
  labels: {},
};

function endpointOf(host: number, index: number): OverlayEndpoint {
  const id = `${host}-${index}`.padStart(64, "0");
  return {
    id,
    networkId: NETWORK,
    containerId: id,
    containerName: `container-${host}-${index}`,
    names: [`container-${host}-${index}`, id.slice(52)],
    exposed: ["80/tcp"],
    macAddress: `02:42:0a:00:${host.toString(16).padStart(2, "0")}:${index.toString(16).padStart(2, "0")}`,
    ipv4: `10.0.${host}.${index}`,
    hostId: `host${host}`,
    hostName: `host${host}`,
    host: `198.51.100.${host + 1}`,
    port: 4789,
  };
}

async function member(index: number) {
  const store = new EtcdStore({ endpoints: [URL], prefix: "/berth", timeout: 20_000 });
  const id = `host${index}`;
  const host = { id, name: id, address: "", port: 4789, version: "", started: "", ttl: 60 };
  const session = new ClusterSession(store, host, { joined: async () => {}, away: () => {} });
  await session.start();
  const overlay = new ActiveOverlay(store, id, NETWORK, [], { changed: () => {}, own: () => {} });
  await overlay.start();
  return { session, overlay, directory: new OverlayDirectory(session) };
}

try {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await fetch(`${URL}/health`).catch(() => undefined))?.ok) break;
    await Bun.sleep(50);
  }
  const members = await Promise.all(Array.from({ length: hosts }, (_, index) => member(index)));
  await members[0]?.directory.createNetwork(() => record);
  Bun.gc(true);
  const before = {
    memory: process.memoryUsage().rss,
    sent: await metric("etcd_network_client_grpc_sent_bytes_total"),
  };
  const started = performance.now();
  await Promise.all(
    members.map(async ({ directory }, host) => {
      for (let index = 0; index < each; index++) await directory.claim(endpointOf(host, index));
    }),
  );
  const claimed = performance.now();
  const wanted = (hosts - 1) * each;
  const all = (): boolean => members.every(({ overlay }) => overlay.remote().length === wanted);
  while (!all() && performance.now() < claimed + 60_000) await Bun.sleep(10);
  const converged = performance.now();
  Bun.gc(true);
  const sent = (await metric("etcd_network_client_grpc_sent_bytes_total")) - before.sent;
  const memory = process.memoryUsage().rss - before.memory;
  const say = (what: string, value: string): void => console.log(`${what.padEnd(52)} ${value}`);
  say("everybody knows everybody", String(all()));
  say(`${hosts * each} endpoints claimed, s`, ((claimed - started) / 1000).toFixed(2));
  say("then until the last host knows the last one, ms", (converged - claimed).toFixed(0));
  say("sent by etcd for each host, MB", (sent / hosts / 1e6).toFixed(2));
  say("for each endpoint and host, bytes", (sent / hosts / (hosts * each)).toFixed(0));
  say("memory for each host, MB", (memory / hosts / 1e6).toFixed(2));
  for (const { overlay } of members) overlay.close();
  await Promise.all(members.map(({ session }) => session.close({ leave: true })));
} finally {
  etcd.kill();
  await etcd.exited;
  await rm(root, { recursive: true, force: true });
}
process.exit(0);
