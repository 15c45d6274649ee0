import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { must, type Output, run, TestDaemon } from "./daemon.ts";
import { TEST_ROOT_PREFIX } from "./sweep.ts";

/** Seconds that a host is believed to be there without a sign. */
export const TTL = 3;
const STORE_PORT = 2379;

/** A network namespace that stands for a host. */
interface Place {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  /** The end of its wire at the switch. */
  readonly port: string;
}

/** A host of the cluster: a network namespace with its own daemon. */
export interface ClusterHost extends Place {
  readonly daemon: TestDaemon;
}

/**
 * Three hosts, each a network namespace with a daemon, data root and exec root of its own, and etcd, all
 * plugged into one switch: a bridge in a namespace of its own. Addresses are from 198.18.40.0/24 (RFC 2544).
 */
export class TestCluster {
  readonly hosts: ClusterHost[] = [];
  readonly #prefix = `be2e-${process.pid}`;
  #etcd: ReturnType<typeof Bun.spawn> | undefined;
  #root = "";

  static async start(count = 3): Promise<TestCluster> {
    const cluster = new TestCluster();
    cluster.#root = await mkdtemp(TEST_ROOT_PREFIX);
    await cluster.#makeSwitch();
    await cluster.startStore();
    const places: Place[] = [];
    for (let index = 0; index < count; index++) places.push(await cluster.#makeHost(index));
    // Nothing of one daemon may be there when another one looks at the machine.
    const daemons = await Promise.all(places.map((place) => cluster.#startDaemon(place)));
    for (const [index, daemon] of daemons.entries()) {
      const place = places[index];
      if (place !== undefined) cluster.hosts.push({ ...place, daemon });
    }
    return cluster;
  }

  get #switch(): string {
    return `${this.#prefix}-switch`;
  }

  get #storeAddress(): string {
    return "198.18.40.1";
  }

  /** As the switch: what is between the hosts. */
  onSwitch(...command: string[]): Promise<Output> {
    return run(["nsenter", `--net=/run/netns/${this.#switch}`, ...command]);
  }

  on(host: ClusterHost, ...command: string[]): Promise<Output> {
    return run(["nsenter", `--net=${host.namespace}`, ...command]);
  }

  async startStore(): Promise<void> {
    const url = `http://${this.#storeAddress}:${STORE_PORT}`;
    this.#etcd = Bun.spawn(
      [
        "nsenter",
        `--net=/run/netns/${this.#switch}`,
        "etcd",
        ...["--data-dir", join(this.#root, "etcd")],
        ...["--listen-client-urls", url, "--advertise-client-urls", url],
        ...["--listen-peer-urls", "http://127.0.0.1:0", "--log-output", "stderr"],
      ],
      { stdin: "ignore", stdout: "ignore", stderr: Bun.file(join(this.#root, "etcd.log")) },
    );
    await until("etcd answers", async () => (await this.storeKeys()) !== undefined);
  }

  async killStore(): Promise<void> {
    this.#etcd?.kill("SIGKILL");
    await this.#etcd?.exited;
  }

  /** Every key below `/berth`; undefined while the store does not answer. */
  async storeKeys(): Promise<string[] | undefined> {
    const range = { key: btoa("/berth/"), range_end: btoa("/berth0"), keys_only: true };
    const url = `http://${this.#storeAddress}:${STORE_PORT}/v3/kv/range`;
    const answer = await this.onSwitch("curl", "-sf", "-m", "1", "-d", JSON.stringify(range), url);
    if (answer.code !== 0) return undefined;
    const { kvs = [] } = JSON.parse(answer.stdout) as { kvs?: { key: string }[] };
    return kvs.map(({ key }) => atob(key));
  }

  /** Packets of a host are dropped at the switch: in both directions, or in one. */
  async cut(host: ClusterHost, directions: readonly ("from" | "to")[], share = ""): Promise<void> {
    const rules = directions.map(
      (direction) =>
        `add rule bridge faults forward ${direction === "from" ? "iifname" : "oifname"} ${host.port} ${share} drop;` +
        ` add rule bridge faults local-${direction} ${direction === "from" ? "iifname" : "oifname"} ${host.port} ${share} drop`,
    );
    const table =
      "add table bridge faults; add chain bridge faults forward { type filter hook forward priority 0; };" +
      " add chain bridge faults local-from { type filter hook input priority 0; };" +
      " add chain bridge faults local-to { type filter hook output priority 0; };";
    must(await this.onSwitch("nft", `${table} ${rules.join("; ")}`));
  }

  async mend(): Promise<void> {
    must(await this.onSwitch("nft", "delete table bridge faults"));
  }

  /** Ends everything; returns what is left, which is to be nothing. */
  async stop(): Promise<string[]> {
    const left: string[] = [];
    const stopped = await Promise.all(this.hosts.map(({ daemon }) => daemon.stop()));
    left.push(...stopped.flat());
    for (const host of this.hosts) {
      const links = must(await this.on(host, "ip", "-o", "link")).stdout;
      const strange = links.split("\n").filter((line) => !/^\d+: (lo|eth0)[@:]|^$/.test(line));
      left.push(...strange.map((line) => `${host.name}: ${line}`));
    }
    const keys = (await this.storeKeys()) ?? [];
    left.push(...keys.filter((key) => !key.includes("/guard/")));
    await this.killStore();
    for (const { namespace } of this.hosts) {
      must(await run(["ip", "netns", "delete", namespace.split("/").pop() ?? ""]));
    }
    must(await run(["ip", "netns", "delete", this.#switch]));
    await rm(this.#root, { recursive: true, force: true });
    return left;
  }

  async #makeSwitch(): Promise<void> {
    const ip = async (...args: string[]) => must(await run(["ip", ...args]));
    await ip("netns", "add", this.#switch);
    await ip("-n", this.#switch, "link", "set", "lo", "up");
    await ip("-n", this.#switch, "link", "add", "sw0", "type", "bridge");
    await ip("-n", this.#switch, "addr", "add", `${this.#storeAddress}/24`, "dev", "sw0");
    await ip("-n", this.#switch, "link", "set", "sw0", "up");
  }

  async #makeHost(index: number): Promise<Place> {
    const ip = async (...args: string[]) => must(await run(["ip", ...args]));
    const [name, port, address] = [`host${index + 1}`, `h${index + 1}`, `198.18.40.${index + 11}`];
    const netns = `${this.#prefix}-${name}`;
    await ip("netns", "add", netns);
    await ip("-n", netns, "link", "set", "lo", "up");
    await ip(
      "-n",
      this.#switch,
      "link",
      "add",
      port,
      "type",
      "veth",
      "peer",
      "eth0",
      "netns",
      netns,
    );
    await ip("-n", this.#switch, "link", "set", port, "master", "sw0", "up");
    await ip("-n", netns, "addr", "add", `${address}/24`, "dev", "eth0");
    await ip("-n", netns, "link", "set", "eth0", "up");
    await ip("-n", netns, "route", "add", "default", "via", this.#storeAddress);
    return { name, namespace: `/run/netns/${netns}`, address, port };
  }

  #startDaemon({ namespace, name }: Place): Promise<TestDaemon> {
    return TestDaemon.startWithin(
      { namespace, hostname: name },
      ...["--cluster-store", `etcd://${this.#storeAddress}:${STORE_PORT}`],
      ...["--cluster-advertise", "eth0", "--cluster-store-opt", `discovery.ttl=${TTL}`],
    );
  }
}

/** Bounded: what is waited for comes within ten seconds, or the test fails. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: not within ten seconds`);
    await Bun.sleep(50);
  }
}
