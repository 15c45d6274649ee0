import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { run } from "../../harness/daemon.ts";
import { OutsideHost } from "../../harness/outside.ts";
import {
  COMMAND_LINES,
  commandLine,
  eventually,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

let outside: OutsideHost;
// The daemon is started after the outside host exists, so that the comparison at the end is of the same host.
beforeAll(async () => {
  outside = await OutsideHost.make(1);
});
const suite = useDaemon();
afterAll(async () => {
  await outside.close();
});

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const sh = async (script: string, ...flags: string[]) =>
    (await cli("run", "--rm", ...flags, "busybox", "sh", "-c", script)).stdout.trim();

  describe(`${name}: networks`, () => {
    test("bridge: an address, a route, the gateway answers", async () => {
      const address = await sh("ip -4 -o addr show eth0 | awk '{print $4}'");
      expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+\/\d+$/);
      const gateway = await sh("ip route | awk '/default/{print $3}'");
      expect(await sh(`ping -c 1 -W 2 ${gateway} >/dev/null && echo ok`)).toBe("ok");
    });
    test("none has only loopback, host has the host's links, container: shares", async () => {
      expect(await sh("ls /sys/class/net", "--network", "none")).toBe("lo");
      expect(await sh("ls /sys/class/net", "--network", "host")).toContain(suite.daemon.bridge);
      await cli("run", "-d", "--name", "shared", "busybox", "sleep", "100");
      const own = (await cli("exec", "shared", "hostname", "-i")).stdout.trim();
      expect(await sh("ip -4 -o addr show eth0", "--network", "container:shared")).toContain(own);
      await cli("rm", "-f", "shared");
    });
    test("containers reach each other", async () => {
      await cli("run", "-d", "--name", "peer", "busybox", "httpd", "-f", "-p", "80");
      const address = (await cli("exec", "peer", "hostname", "-i")).stdout.trim();
      expect(await sh(`wget -q -O- http://${address}/nope 2>&1 | grep -o 404`)).toBe("404");
      await cli("rm", "-f", "peer");
    });
    test("outbound traffic is masqueraded behind the host's address", async () => {
      const server = outside.spawn("nc", "-v", "-l", "-n", "7000");
      try {
        await eventually(async () => (await outside.run("ss", "-ltn")).stdout.includes(":7000"));
        const watch = outside.run(
          "sh",
          "-c",
          "for i in $(seq 50); do ss -tnH state established '( sport = 7000 )' | awk '{print $4}' | grep . && exit 0; sleep 0.1; done",
        );
        await sh(`sleep 1 | nc -w 3 ${outside.address} 7000`);
        expect((await watch).stdout).toContain(outside.hostAddress);
      } finally {
        server.kill();
        await server.exited;
      }
    });
    test("-p: from outside with the true source address, from the host, from a neighbour", async () => {
      const script = `while :; do nc -l -p 80 -e sh -c 'netstat -tn | grep ":80 "'; done`;
      await cli("run", "-d", "--name", "pub", "-p", "18080:80", "busybox", "sh", "-c", script);
      const ask = `sh -c 'sleep 0.3 | nc -w 2 ${outside.hostAddress} 18080'`;
      await eventually(async () =>
        (await outside.run("sh", "-c", ask)).stdout.includes(outside.address),
      );
      await eventually(async () => {
        const local = Bun.spawn(["sh", "-c", "sleep 0.3 | nc -w 2 127.0.0.1 18080"], {
          stdout: "pipe",
        });
        return (await new Response(local.stdout).text()).includes(":80 ");
      });
      const gateway = await sh("ip route | awk '/default/{print $3}'");
      await eventually(async () =>
        (await sh(`sleep 0.3 | nc -w 2 ${gateway} 18080`)).includes(":80 "),
      );
      await cli("rm", "-f", "pub");
      const gone = await outside.run("nc", "-z", "-w", "1", outside.hostAddress, "18080");
      expect(gone.code).not.toBe(0);
    });
    test("-p over IPv6: from outside and from localhost", async () => {
      await cli(
        "run",
        "-d",
        "--name",
        "six",
        "-p",
        "18081:80",
        "busybox",
        "httpd",
        "-f",
        "-p",
        "80",
      );
      await eventually(async () =>
        (
          await outside.run("curl", "-sg", `http://[${outside.hostAddress6}]:18081/`)
        ).stdout.includes("404"),
      );
      expect((await fetch("http://[::1]:18081/")).status).toBe(404);
      await cli("rm", "-f", "six");
    });
    test("-p udp: there and back", async () => {
      // busybox has no UDP server: the host's netcat, fed with what it hears, echoes its first peer.
      const echo = "mkfifo /f; cat /f | chroot /host nc.openbsd -u -l 90 > /f";
      const flags = ["-p", "18082:90/udp", "-v", "/:/host:ro"];
      await cli("run", "-d", "--name", "udp", ...flags, "busybox", "sh", "-c", echo);
      await eventually(async () =>
        (await cli("exec", "udp", "cat", "/proc/net/udp")).stdout.includes(":005A"),
      );
      const ask = `(echo ping; sleep 1) | nc -u -w 2 ${outside.hostAddress} 18082`;
      expect((await outside.run("sh", "-c", ask)).stdout).toBe("ping\n");
      await cli("rm", "-f", "udp");
    });
    test("-p forms: one address, a range, ephemeral, -P", async () => {
      const flags = [
        "-p",
        "127.0.0.1:18090:80",
        "-p",
        "18091-18092:81-82",
        "-p",
        "83",
        "--expose",
        "84",
        "-P",
      ];
      await cli("run", "-d", "--name", "forms", ...flags, "busybox", "sleep", "100");
      const ports = (await cli("port", "forms")).stdout;
      expect(ports).toContain("80/tcp -> 127.0.0.1:18090");
      expect(ports).toContain("81/tcp -> 0.0.0.0:18091");
      expect(ports).toMatch(/82\/tcp -> (?:\[::\]|::):18092/);
      expect(ports).toMatch(/83\/tcp -> 0\.0\.0\.0:\d+/);
      expect(ports).toMatch(/84\/tcp -> 0\.0\.0\.0:\d+/);
      await cli("rm", "-f", "forms");
    });
    test("a port that is taken is refused before anything starts", async () => {
      await cli("run", "-d", "--name", "first", "-p", "18093:80", "busybox", "sleep", "100");
      const second = await cli(
        "run",
        "-d",
        "--name",
        "second",
        "-p",
        "18093:80",
        "busybox",
        "sleep",
        "100",
      );
      expect(second.code).toBe(125);
      expect(second.stderr).toContain("Bind for 0.0.0.0:18093 failed: port is already allocated");
      await cli("rm", "-f", "first", "second");
      const foreign = Bun.listen({ hostname: "0.0.0.0", port: 18094, socket: { data() {} } });
      const third = await cli("run", "-d", "--name", "third", "-p", "18094:80", "busybox", "true");
      foreign.stop(true);
      expect(third.code).toBe(125);
      expect(third.stderr).toContain("address already in use");
      await cli("rm", "-f", "third");
    });
    test("--dns, --add-host and hostname reach the container's files", async () => {
      const flags = [
        "--dns",
        "192.0.2.53",
        "--dns-search",
        "example.test",
        "--add-host",
        "db:192.0.2.7",
      ];
      const text = await sh("cat /etc/resolv.conf /etc/hosts", ...flags, "-h", "box");
      expect(text).toContain("nameserver 192.0.2.53");
      expect(text).toContain("search example.test");
      expect(text).toMatch(/192\.0\.2\.7\s+db/);
      expect(text).toMatch(/\d+\.\d+\.\d+\.\d+\s+box/);
    });
  });
}

test("works beside a dockerd that has set FORWARD to DROP", async () => {
  const iptables = async (...args: string[]) =>
    Bun.spawn(["iptables", "-w", ...args], { stderr: "ignore" }).exited;
  // Where nobody has used iptables, the first use makes its table.
  const tableIsNew = (await run(["nft", "list", "table", "ip", "filter"])).code !== 0;
  const policy = await new Response(Bun.spawn(["iptables", "-S", "FORWARD"]).stdout).text();
  await iptables("-N", "DOCKER-USER");
  await iptables("-I", "FORWARD", "-j", "DOCKER-USER");
  await iptables("-P", "FORWARD", "DROP");
  try {
    await suite.daemon.killAndRestart();
    const server = outside.spawn("nc", "-l", "-n", "7001");
    await eventually(async () => (await outside.run("ss", "-ltn")).stdout.includes(":7001"));
    const output = await suite.daemon.berth(
      "run",
      "--rm",
      "busybox",
      "sh",
      "-c",
      `echo through | nc -w 3 ${outside.address} 7001`,
    );
    expect(output.code).toBe(0);
    expect(await new Response(server.stdout).text()).toBe("through\n");
    await server.exited;
  } finally {
    await iptables("-P", "FORWARD", policy.includes("-P FORWARD DROP") ? "DROP" : "ACCEPT");
    await suite.daemon.stop();
    await iptables("-D", "FORWARD", "-j", "DOCKER-USER");
    await iptables("-F", "DOCKER-USER");
    await iptables("-X", "DOCKER-USER");
    if (tableIsNew) await run(["nft", "delete", "table", "ip", "filter"]);
  }
});

hostStaysClean(suite);
