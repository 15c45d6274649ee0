import { expect, test } from "bun:test";
import type { Network } from "../../../src/spec/index.ts";
import { must } from "../../harness/daemon.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
const berth = (...args: string[]) => suite.daemon.berth(...args);

/** A hundred of them in `npm run soak`. */
const ROUNDS = Number(process.env["BERTH_NETWORK_KILLS"] ?? 12);
/** A kill may come anywhere in what takes so long. */
const LONGEST_MS = 45;
/** Mulberry32, so that a round can be repeated. */
function random(seed: number): number {
  let value = (seed + 0x6d2b79f5) | 0;
  value = Math.imul(value ^ (value >>> 15), 1 | value);
  value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
  return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
}

/** Whatever state the round before has left: each of these may be refused. */
const VERBS: (() => Promise<unknown>)[] = [
  () => berth("network", "connect", "side", "web"),
  () => berth("update", "--publish-add", "18181:80", "--publish-add", "0:81", "web"),
  () => berth("network", "create", "passing"),
  () => berth("network", "connect", "--ip", "10.81.0.77", "--alias", "w", "extra", "web"),
  () => berth("update", "--publish-rm", "18181:80", "--publish-add", "18182:80/udp", "web"),
  () => berth("network", "disconnect", "side", "web"),
  () => berth("run", "-d", "--name", "other", "--network", "side", "-p", "0:80", "busybox", "top"),
  () => berth("network", "disconnect", "main", "web"),
  () => berth("network", "rm", "passing"),
  () => berth("network", "connect", "main", "web"),
  () => berth("update", "--publish-rm", "81", "--publish-rm", "80/udp", "web"),
  () => berth("rm", "-f", "other"),
  () => berth("network", "disconnect", "extra", "web"),
  () => Promise.all([berth("network", "rm", "passing"), berth("network", "create", "passing")]),
];

async function inspect(kind: "container" | "network", name: string): Promise<unknown> {
  const { code, stdout } = await berth(kind, "inspect", name);
  return code === 0 ? JSON.parse(stdout)[0] : undefined;
}

/** What the container says of its networks and what the networks say of it. */
async function expectOneAccount(round: string): Promise<void> {
  const web = (await inspect("container", "web")) as {
    Id: string;
    NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
  };
  const theirs: Record<string, string> = {};
  for (const name of ["main", "side", "extra"]) {
    const network = (await inspect("network", name)) as Network;
    const member = network.Containers[web.Id];
    if (member !== undefined) theirs[name] = member.IPv4Address.replace(/\/.*/, "");
  }
  const own = Object.fromEntries(
    Object.entries(web.NetworkSettings.Networks).map(([name, one]) => [name, one.IPAddress]),
  );
  expect([round, own]).toEqual([round, theirs]);
}

test(
  `the daemon is killed ${ROUNDS} times while networks and ports change: kernel and store agree`,
  async () => {
    for (const [name, subnet] of [
      ["main", "10.79.0.0/24"],
      ["side", "10.80.0.0/24"],
      ["extra", "10.81.0.0/24"],
    ] as const) {
      must(await berth("network", "create", "--subnet", subnet, name));
    }
    const web = ["--name", "web", "--network", "main", "-p", "18180:80", "busybox", "httpd", "-f"];
    must(await berth("run", "-d", ...web));
    for (let round = 0; round < ROUNDS; round++) {
      const verb = VERBS[round % VERBS.length];
      const delay = Math.floor(random(round) * LONGEST_MS);
      const what = `round ${round}: ${String(verb).slice(6)} killed after ${delay} ms`;
      const running = verb?.();
      await Bun.sleep(delay);
      await suite.daemon.killAndRestart();
      await running;
      const check = await berth("network", "check");
      expect(`${what}\n${check.stdout}`).toBe(`${what}\nThe networks are as they should be\n`);
      await expectOneAccount(what);
    }
  },
  { timeout: ROUNDS * 5000 },
);

test("every address has been given back exactly once", async () => {
  await berth("rm", "-f", "web", "other");
  for (const [name, first] of [
    ["main", "10.79.0.2"],
    ["side", "10.80.0.2"],
    ["extra", "10.81.0.2"],
  ] as const) {
    const network = (await inspect("network", name)) as Network;
    expect(network.Containers).toEqual({});
    must(await berth("run", "-d", "--name", "next", "--network", name, "busybox", "top"));
    const next = `{{(index .NetworkSettings.Networks "${name}").IPAddress}}`;
    expect((await berth("inspect", "-f", next, "next")).stdout.trim()).toBe(first);
    must(await berth("rm", "-f", "next"));
    must(await berth("network", "rm", name));
  }
  await berth("network", "rm", "passing");
  expect((await berth("network", "check")).stdout).toBe("The networks are as they should be\n");
});

hostStaysClean(suite);
