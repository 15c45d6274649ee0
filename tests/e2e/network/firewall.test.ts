import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { must, TestDaemon } from "../../harness/daemon.ts";
import { Firewalld, type HostFirewall, PlainNftables, Ufw } from "../../harness/host-firewall.ts";
import { Lan, type Neighbour } from "../../harness/lan.ts";
import { eventually } from "../../harness/suite.ts";
import { TEST_ROOT_PREFIX } from "../../harness/sweep.ts";

const root = await mkdtemp(TEST_ROOT_PREFIX);
let lan: Lan;
let daemon: TestDaemon;
let firewalls: Record<"ufw" | "firewalld" | "nftables", HostFirewall>;
let near: Neighbour;
let other: Neighbour;

beforeAll(async () => {
  lan = await Lan.make(2);
  [near, other] = lan.neighbours as [Neighbour, Neighbour];
  const firewalld = new Firewalld(lan, join(root, "firewalld"));
  firewalls = {
    ufw: new Ufw(lan, join(root, "ufw")),
    firewalld,
    nftables: new PlainNftables(lan),
  };
  daemon = await TestDaemon.startWithin({ namespace: lan.path, env: firewalld.env });
  await daemon.importBusybox();
  // A server that tells each client its address.
  const script =
    "mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho; echo $REMOTE_ADDR\\n' > /www/cgi-bin/who; chmod +x /www/cgi-bin/who; exec httpd -f -p 80 -h /www";
  must(await daemon.berth("network", "create", "--ipv6", "apart"));
  const ports = ["-p", "8080:80", "-p", "8081:80", "-p", `${near.hostAddress}:8082:80`];
  const web = ["run", "-d", "--name", "web", ...ports, "--network", "apart"];
  must(await daemon.berth(...web, "busybox", "sh", "-c", script));
  must(await daemon.berth("run", "-d", "--name", "client", "busybox", "sleep", "1000"));
});
afterAll(async () => {
  await daemon.stop();
  await lan.close();
  await rm(root, { recursive: true, force: true });
});

const url = (host: string, port: number) =>
  `http://${host.includes(":") ? `[${host}]` : host}:${port}/cgi-bin/who`;
/** `[::ffff:192.0.2.1]` → `192.0.2.1`. */
const plain = (text: string) => text.trim().replace(/^\[(?:::ffff:)?(.*)\]$/, "$1");
/** The address that the server sees; undefined when it is not reached within half a second. */
const seen = async (
  run: (...command: string[]) => Promise<{ code: number; stdout: string }>,
  host: string,
  port: number,
) => {
  const { code, stdout } = await run("curl", "-gs", "-m", "0.5", url(host, port));
  return code === 0 ? plain(stdout) : undefined;
};
const from = (neighbour: Neighbour, port: number, host = neighbour.hostAddress) =>
  seen((...command) => lan.as(neighbour, ...command), host, port);
const becomes = (expected: string | undefined, ask: () => Promise<string | undefined>) =>
  eventually(async () => (await ask()) === expected, 5000);
/** From inside of a container, with busybox's own client. */
const inside = async (container: string, host: string, port: number) => {
  const ask = `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${host} ${port} | tail -n 1`;
  const { stdout } = await daemon.berth("exec", container, "sh", "-c", ask);
  return stdout === "" ? undefined : plain(stdout);
};
const addressOf = async (container: string) =>
  must(await daemon.berth("exec", container, "hostname", "-i"))
    .stdout.trim()
    .split(" ")[0] ?? "";

async function holdsWhatAlwaysHolds(): Promise<void> {
  // From the host itself, by its own address and by loopback.
  const host = (...command: string[]) => lan.run(...command);
  expect(await seen(host, "127.0.0.1", 8080)).toBeDefined();
  expect(await seen(host, near.hostAddress, 8080)).toBeDefined();
  // Out, to a neighbour, behind the host's address.
  const server = lan.spawnAs(near, "timeout", "5", "nc", "-l", "-n", "7000");
  await eventually(async () => (await lan.as(near, "ss", "-ltn")).stdout.includes(":7000"));
  const out = await daemon.berth(
    "exec",
    "client",
    "sh",
    "-c",
    `echo out | nc -w 2 ${near.address} 7000`,
  );
  expect(out.code).toBe(0);
  expect(await new Response(server.stdout).text()).toBe("out\n");
  // Between networks nothing, and from a neighbour nothing at the container's own address.
  const web = await addressOf("web");
  expect(await inside("client", web, 80)).toBeUndefined();
  expect(await from(near, 80, web)).toBeUndefined();
}

test("without a firewall: reached from everywhere, where it is bound", async () => {
  await becomes(near.address, () => from(near, 8080));
  expect(await from(other, 8080)).toBe(other.address);
  expect(await from(near, 8080, near.hostAddress6)).toBe(near.address6);
  expect(await from(near, 8082)).toBe(near.address);
  expect(await from(other, 8082)).toBeUndefined();
  await holdsWhatAlwaysHolds();
});

describe.each(["nftables", "ufw", "firewalld"] as const)("%s", (name) => {
  test("forbids a published port until it is allowed, also for one neighbour alone", async () => {
    const firewall = firewalls[name];
    await firewall.start();
    await becomes(undefined, () => from(near, 8080));
    await becomes(undefined, () => from(near, 8080, near.hostAddress6));
    await firewall.allow(8080);
    await becomes(near.address, () => from(near, 8080));
    await becomes(near.address6, () => from(near, 8080, near.hostAddress6));
    expect(await from(near, 8081)).toBeUndefined();
    await firewall.forbid(8080, near);
    await becomes(undefined, () => from(near, 8080));
    expect(await from(other, 8080)).toBe(other.address);
  });

  test("a port that is published while it is up obeys at once", async () => {
    must(await daemon.berth("update", "--publish-add", "8090:80", "web"));
    expect(await from(other, 8090)).toBeUndefined();
    await firewalls[name].allow(8090);
    await becomes(other.address, () => from(other, 8090));
    must(await daemon.berth("update", "--publish-rm", "8090:80", "web"));
    await becomes(undefined, () => from(other, 8090));
  });

  test("localhost, hairpin and the way out work, networks stay apart", async () => {
    await holdsWhatAlwaysHolds();
    // By way of the host's address to itself, and from another network.
    expect(await inside("web", other.hostAddress, 8080)).toBeDefined();
    expect(await inside("client", other.hostAddress, 8080)).toBeDefined();
  });

  test("a reload loses nothing", async () => {
    await firewalls[name].reload();
    await becomes(other.address, () => from(other, 8080));
    await becomes(undefined, () => from(near, 8080));
    await holdsWhatAlwaysHolds();
  });

  test("a daemon that is killed comes back to the same", async () => {
    await daemon.killAndRestart();
    await becomes(other.address, () => from(other, 8080));
    expect(await from(near, 8080)).toBeUndefined();
    expect(await from(near, 8081)).toBeUndefined();
  });

  test("without it again everything is reached", async () => {
    await firewalls[name].stop();
    await becomes(near.address, () => from(near, 8080));
    await becomes(near.address, () => from(near, 8081));
    await holdsWhatAlwaysHolds();
  });
});

test("beside dockerd: its policy and its chain for others' rules hold", async () => {
  const places = ["--data-root", join(root, "dockerd"), "--exec-root", join(root, "dockerd-exec")];
  const more = ["-H", `unix://${root}/dockerd.sock`, "-p", join(root, "dockerd.pid")];
  const net = ["--bip", "172.29.7.1/24", "--storage-driver", "vfs"];
  // It sets the policy only where it is the one that lets the host forward.
  must(await lan.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"));
  const dockerd = Bun.spawn(
    ["nsenter", `--net=${lan.path}`, "unshare", "-m", "dockerd", ...places, ...more, ...net],
    { stdin: "ignore", stdout: "ignore", stderr: "ignore" },
  );
  try {
    const forward = async () => (await lan.run("iptables", "-S", "FORWARD")).stdout;
    await eventually(async () => (await forward()).includes("-P FORWARD DROP"), 20_000);
    await eventually(async () => (await lan.run("iptables", "-S", "DOCKER-USER")).code === 0);
    await becomes(near.address, () => from(near, 8080));
    await holdsWhatAlwaysHolds();
    const deny = ["-i", near.link, "-p", "tcp", "--dport", "80", "-j", "DROP"];
    must(await lan.run("iptables", "-I", "DOCKER-USER", ...deny));
    expect(await from(near, 8080)).toBeUndefined();
    expect(await from(other, 8080)).toBe(other.address);
    must(await lan.run("iptables", "-F", "DOCKER-USER"));
    await becomes(near.address, () => from(near, 8080));
  } finally {
    dockerd.kill("SIGTERM");
    await dockerd.exited;
  }
  await becomes(near.address, () => from(near, 8080));
});

test("the daemon leaves no rule behind", async () => {
  must(await daemon.berth("rm", "-f", "web", "client"));
  expect(await daemon.stop()).toEqual([]);
  expect((await lan.run("nft", "list", "ruleset")).stdout).not.toContain("berth");
});
