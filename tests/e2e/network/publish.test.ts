import { expect, test } from "bun:test";
import { run } from "../../harness/daemon.ts";
import {
  COMMAND_LINES,
  commandLine,
  eventually,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

const suite = useDaemon();

const answers = async (port: number): Promise<boolean> => {
  const { stdout } = await run(["sh", "-c", `sleep 0.3 | nc -w 2 127.0.0.1 ${port}`]);
  return stdout.includes("here");
};

test("update --publish-add and --publish-rm change the ports of a running container", async () => {
  const { daemon } = suite;
  const script = "while :; do nc -l -p 80 -e echo here; done";
  await daemon.berth("run", "-d", "--name", "web", "-p", "80", "busybox", "sh", "-c", script);
  const first = (await daemon.berth("port", "web", "80")).stdout;
  const any = Number(/:(\d+)/.exec(first)?.[1]);
  await eventually(() => answers(any), 5000);
  expect((await daemon.berth("update", "--publish-add", "18081:80", "web")).code).toBe(0);
  await eventually(() => answers(18081), 5000);
  await eventually(() => answers(any), 5000);
  expect((await daemon.docker("port", "web")).stdout).toContain("18081");
  expect((await daemon.berth("update", "--publish-rm", "18081:80", "web")).code).toBe(0);
  expect(await answers(18081)).toBe(false);
  await eventually(() => answers(any), 5000);
});

test("a taken port is refused, and the others stay", async () => {
  const { daemon } = suite;
  const holder = Bun.listen({ hostname: "0.0.0.0", port: 18082, socket: { data() {} } });
  const refused = await daemon.berth("update", "--publish-add", "18082:80", "web");
  holder.stop(true);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain("18082");
  const port = Number(/:(\d+)/.exec((await daemon.berth("port", "web", "80")).stdout)?.[1]);
  await eventually(() => answers(port), 5000);
  expect((await daemon.berth("update", "--publish-rm", "80", "web")).code).toBe(0);
  expect(await answers(port)).toBe(false);
});

test("a stopped container has the port with its next start", async () => {
  const { daemon } = suite;
  await daemon.berth("stop", "-t", "0", "web");
  expect((await daemon.berth("update", "--publish-add", "18083:80", "web")).code).toBe(0);
  await daemon.berth("start", "web");
  await eventually(() => answers(18083), 5000);
  await daemon.berth("rm", "-f", "web");
});

test("a port that stays answers all the while, through changes of ports and of networks", async () => {
  const { daemon } = suite;
  const must = async (...args: string[]) => expect((await daemon.berth(...args)).code).toBe(0);
  await must("network", "create", "first");
  await must("network", "create", "second");
  const web = ["--name", "web", "--network", "first", "-p", "18085:80", "-p", "81"];
  await must("run", "-d", ...web, "busybox", "httpd", "-f", "-p", "80");
  await must("network", "connect", "second", "web");
  const any = (await daemon.berth("port", "web", "81")).stdout;
  await eventually(async () => (await fetch("http://127.0.0.1:18085/")).status === 404);
  let done = false;
  const failures: string[] = [];
  const client = async () => {
    while (!done) {
      await fetch("http://127.0.0.1:18085/", { keepalive: false }).catch((error: unknown) => {
        failures.push(String((error as { code?: string }).code ?? error));
      });
    }
  };
  const clients = [client(), client()];
  await must("update", "--publish-add", "18086:80", "web");
  await must("update", "--publish-add", "127.0.0.1:18087:80", "web");
  await must("update", "--publish-rm", "18086:80", "web");
  expect((await daemon.berth("update", "--publish-add", "192.0.2.1:1:80", "web")).code).not.toBe(0);
  done = true;
  await Promise.all(clients);
  expect(failures).toEqual([]);
  expect((await daemon.berth("port", "web", "81")).stdout).toBe(any);
  // The network that it was published in goes: the other one takes over, at the same port.
  await must("network", "disconnect", "first", "web");
  expect((await fetch("http://127.0.0.1:18085/")).status).toBe(404);
  expect((await daemon.berth("port", "web", "81")).stdout).toBe(any);
  await must("network", "disconnect", "second", "web");
  expect(await answers(18085)).toBe(false);
  await must("network", "connect", "first", "web");
  await eventually(async () => (await fetch("http://127.0.0.1:18085/")).status === 404);
  expect((await daemon.berth("port", "web", "81")).stdout).toBe(any);
  await must("rm", "-f", "web");
  await must("network", "rm", "first", "second");
});

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  test(`${name}: ranges of UDP ports, one IPv6 address, one port at several addresses`, async () => {
    const ports = ["18091-18093:53-55/udp", "[::1]:18094:80", "127.0.0.1:18095:80"];
    const flags = [...ports, "127.0.0.2:18095:80"].flatMap((port) => ["-p", port]);
    await cli("run", "-d", "--name", "many", ...flags, "busybox", "httpd", "-f", "-p", "80");
    const shown = (await cli("port", "many")).stdout;
    for (const line of [
      "53/udp -> 0.0.0.0:18091",
      "55/udp -> 0.0.0.0:18093",
      "80/tcp -> [::1]:18094",
      "80/tcp -> 127.0.0.1:18095",
      "80/tcp -> 127.0.0.2:18095",
    ]) {
      expect(shown).toContain(line);
    }
    await eventually(async () => {
      const answer = await fetch("http://[::1]:18094/").catch(() => undefined);
      return answer?.status === 404;
    });
    expect((await fetch("http://127.0.0.2:18095/")).status).toBe(404);
    expect(await answers(18094)).toBe(false);
    await cli("rm", "-f", "many");
  });

  test(`${name}: SCTP is published where the kernel has it, and refused in words elsewhere`, async () => {
    const command = [
      "run",
      "-d",
      "--name",
      "sctp",
      "-p",
      "18096:80/sctp",
      "busybox",
      "sleep",
      "99",
    ];
    const { code, stderr } = await cli(...command);
    const known = (await run(["sh", "-c", "test -e /proc/net/sctp"])).code === 0;
    if (known) {
      const rules = (await run(["nft", "list", "ruleset"])).stdout;
      expect(rules).toContain("sctp . 18096");
      expect((await cli("port", "sctp")).stdout).toContain("80/sctp -> 0.0.0.0:18096");
    } else {
      expect(code).toBe(125);
      expect(stderr).toContain("failed to bind host port for 0.0.0.0:18096:");
      expect(stderr).toContain("/sctp: protocol not supported");
    }
    await cli("rm", "-f", "sctp");
  });
}

hostStaysClean(suite);
