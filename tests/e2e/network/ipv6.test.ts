import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { must, run } from "../../harness/daemon.ts";
import { OutsideHost } from "../../harness/outside.ts";
import {
  COMMAND_LINES,
  commandLine,
  DOCKER_IS_CURRENT,
  eventually,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

let outside: OutsideHost;
beforeAll(async () => {
  // The first network with IPv6 would do so, which adds routes of the kernel's to every link.
  await Bun.write("/proc/sys/net/ipv6/conf/all/forwarding", "1");
  outside = await OutsideHost.make(1);
});
const suite = useDaemon();
afterAll(async () => {
  await outside.close();
});

/** Tells each client the addresses of the connection. */
const TELL = `while :; do nc -l -p 80 -e sh -c 'netstat -tn | grep ":80 "'; done`;

for (const [index, name] of COMMAND_LINES.entries()) {
  const cli = commandLine(suite, name);
  const knows28 = DOCKER_IS_CURRENT || name === "berth";
  const prefix = `fd00:${index}:6:`;
  const sh = async (container: string, script: string) =>
    (await cli("exec", container, "sh", "-c", script)).stdout.trim();
  const inspect = async (container: string, field: string, network: string) =>
    must(
      await cli(
        "inspect",
        "-f",
        `{{(index .NetworkSettings.Networks "${network}").${field}}}`,
        container,
      ),
    ).stdout.trim();
  /** What a client says that connects from outside, or from this host. */
  const ask = (host: string, port: number, from: "outside" | "here") => {
    const command = ["sh", "-c", `sleep 0.3 | nc -w 2 ${host} ${port}`];
    return from === "outside" ? outside.run(...command) : run(command);
  };

  describe(`${name}: IPv6`, () => {
    test("dual stack: an address of each family, AAAA, PTR, a neighbour by name", async () => {
      must(await cli("network", "create", "--ipv6", "both"));
      for (const box of ["one", "two"]) {
        must(await cli("run", "-d", "--name", box, "--network", "both", "busybox", "sleep", "600"));
      }
      const two = await inspect("two", "GlobalIPv6Address", "both");
      expect(two).toMatch(/^fd/);
      expect(await inspect("two", "IPv6Gateway", "both")).toEndWith("::1");
      expect(await inspect("two", "GlobalIPv6PrefixLen", "both")).toBe("64");
      expect(await sh("one", "nslookup -type=AAAA two 127.0.0.11")).toContain(two);
      expect(await sh("one", `nslookup ${two} 127.0.0.11`)).toContain("two.both");
      expect(await sh("one", "ping -6 -c 1 -W 2 two >/dev/null && echo reached")).toBe("reached");
      expect(await sh("one", "ping -4 -c 1 -W 2 two >/dev/null && echo reached")).toBe("reached");
      expect(await sh("one", "cat /etc/hosts")).toMatch(/^fd\S+\t[0-9a-f]{12}$/m);
      must(await cli("rm", "-f", "one", "two"));
    });

    test("two networks draw different ULA subnets; the way out is translated", async () => {
      must(await cli("network", "create", "--ipv6", "again"));
      const subnets = await Promise.all(
        ["both", "again"].map(
          async (network) =>
            must(await cli("network", "inspect", "-f", "{{json .IPAM.Config}}", network)).stdout,
        ),
      );
      const drawn = subnets.map((text) => /"(fd[0-9a-f:]+::\/64)"/.exec(text)?.[1]);
      expect(drawn[0]).toBeString();
      expect(new Set(drawn).size).toBe(2);
      const ping = `ping -6 -c 1 -W 2 ${outside.address6} >/dev/null && echo reached`;
      const flags = ["--rm", "--network", "again", "busybox", "sh", "-c"];
      expect(must(await cli("run", ...flags, ping)).stdout.trim()).toBe("reached");
      must(await cli("network", "rm", "both", "again"));
    });

    test("--ip6, and --ip6 of connect; what is taken or outside is refused", async () => {
      must(await cli("network", "create", "--ipv6", "--subnet", `${prefix}:/64`, "fixed"));
      const box = ["--network", "fixed", "busybox", "sleep", "600"];
      must(await cli("run", "-d", "--name", "one", "--ip6", `${prefix}:99`, ...box));
      expect(await inspect("one", "GlobalIPv6Address", "fixed")).toBe(`${prefix}:99`);
      must(await cli("run", "-d", "--name", "two", "busybox", "sleep", "600"));
      const connect = (address: string) =>
        cli("network", "connect", "--ip6", address, "fixed", "two");
      expect((await connect(`${prefix}:99`)).stderr).toContain("Address already in use");
      expect((await connect("fd00:beef::1")).code).toBe(1);
      must(await connect(`${prefix}:77`));
      expect(await sh("two", "ip -6 -o addr show eth1")).toContain(`${prefix}:77/64`);
      expect(await sh("one", `ping -6 -c 1 -W 2 ${prefix}:77 >/dev/null && echo reached`)).toBe(
        "reached",
      );
      must(await cli("network", "disconnect", "fixed", "two"));
      must(await cli("rm", "-f", "one", "two"));
    });

    test("published ports: the true source from outside, and from localhost", async () => {
      const publish = ["-p", "18460:80", "-p", `[${outside.hostAddress6}]:18461:80`];
      const flags = ["-d", "--name", "pub", "--network", "fixed", ...publish];
      must(await cli("run", ...flags, "busybox", "sh", "-c", TELL));
      for (const port of [18460, 18461]) {
        await eventually(async () =>
          (await ask(outside.hostAddress6, port, "outside")).stdout.includes(outside.address6),
        );
      }
      await eventually(async () =>
        (await ask(outside.hostAddress, 18460, "outside")).stdout.includes(outside.address),
      );
      await eventually(async () => (await ask("::1", 18460, "here")).stdout.includes(":80 "));
      expect((await ask(outside.hostAddress, 18461, "outside")).stdout).toBe("");
      expect(must(await cli("port", "pub")).stdout).toContain(
        `80/tcp -> [${outside.hostAddress6}]:18461`,
      );
      must(await cli("rm", "-f", "pub"));
      must(await cli("network", "rm", "fixed"));
    });

    test("IPv6 alone: names, the way out, and a port that IPv4 clients reach", async () => {
      if (!knows28) return;
      must(await cli("network", "create", "--ipv4=false", "--ipv6", "six"));
      const flags = ["-d", "--name", "pub", "--network", "six", "-p", "18462:80"];
      must(await cli("run", ...flags, "busybox", "sh", "-c", TELL));
      expect(await sh("pub", "ip -4 -o addr show eth0")).toBe("");
      expect(await sh("pub", "ip -6 route | grep -c default")).toBe("1");
      expect(
        await sh("pub", `ping -6 -c 1 -W 2 ${outside.address6} >/dev/null && echo reached`),
      ).toBe("reached");
      await eventually(async () =>
        (await ask(outside.hostAddress6, 18462, "outside")).stdout.includes(outside.address6),
      );
      for (const [host, from] of [
        [outside.hostAddress, "outside"],
        ["127.0.0.1", "here"],
      ] as const) {
        await eventually(async () => (await ask(host, 18462, from)).stdout.includes(":80 "));
      }
      const look = ["--rm", "--network", "six", "busybox", "nslookup", "pub", "127.0.0.11"];
      expect((await cli("run", ...look)).stdout).toContain(
        await inspect("pub", "GlobalIPv6Address", "six"),
      );
      expect(
        (await cli("run", "--rm", "--network", "six", "--ip", "10.0.0.9", "busybox", "true"))
          .stderr,
      ).toContain("no configured subnet contains IP address 10.0.0.9");
      must(await cli("rm", "-f", "pub"));
      must(await cli("network", "rm", "six"));
    });
  });
}

hostStaysClean(suite);
