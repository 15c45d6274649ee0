import { describe, expect, test } from "bun:test";
import { must, run } from "../../harness/daemon.ts";
import {
  COMMAND_LINES,
  commandLine,
  DOCKER_IS_CURRENT,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

const suite = useDaemon();

for (const [index, name] of COMMAND_LINES.entries()) {
  const cli = commandLine(suite, name);
  const knows28 = DOCKER_IS_CURRENT || name === "berth";
  const subnet = (number: number, rest = "0/24") => `10.${210 + index}.${number}.${rest}`;
  const create = (...args: string[]) => cli("network", "create", ...args);
  const inspect = async (network: string, format: string) =>
    must(await cli("network", "inspect", "-f", format, network)).stdout.trim();
  const sh = async (script: string, ...flags: string[]) =>
    must(await cli("run", "--rm", ...flags, "busybox", "sh", "-c", script)).stdout.trim();

  describe(`${name}: network create`, () => {
    test("subnet, range, gateway, reserved addresses", async () => {
      const flags = [
        ["--subnet", subnet(1)],
        ["--ip-range", subnet(1, "128/25")],
        ["--gateway", subnet(1, "254")],
        ["--aux-address", `router=${subnet(1, "128")}`],
        ["--label", "a=b", "--attachable"],
      ].flat();
      must(await create(...flags, "ranged"));
      expect(await inspect("ranged", "{{json .IPAM.Config}} {{.Attachable}} {{.Labels.a}}")).toBe(
        `[{"Subnet":"${subnet(1)}","IPRange":"${subnet(1, "128/25")}","Gateway":"${subnet(1, "254")}","AuxiliaryAddresses":{"router":"${subnet(1, "128")}"}}] true b`,
      );
      const look = "hostname -i; ip route | awk '/default/{print $3}'";
      expect(await sh(look, "--network", "ranged")).toBe(
        `${subnet(1, "129")}\n${subnet(1, "254")}`,
      );
      expect(await sh("hostname -i", "--network", "ranged", "--ip", subnet(1, "7"))).toBe(
        subnet(1, "7"),
      );
      must(await cli("network", "rm", "ranged"));
    });

    test("both families, with pools of our own choosing", async () => {
      must(await create("--ipv6", "dual"));
      const addresses = await sh("ip -o addr show eth0 | awk '{print $3}'", "--network", "dual");
      expect(addresses).toContain("inet\n");
      expect(addresses).toContain("inet6");
      must(
        await create("--ipv6", "--subnet", `fd00:${index}:1::/64`, "--subnet", subnet(2), "dual2"),
      );
      expect(await inspect("dual2", "{{range .IPAM.Config}}{{.Subnet}} {{end}}")).toContain(
        `fd00:${index}:1::/64`,
      );
      must(await cli("network", "rm", "dual", "dual2"));
    });

    test("IPv6 alone", async () => {
      if (!knows28) return;
      must(await create("--ipv4=false", "--ipv6", "six"));
      const families = await sh(
        "ip -o addr show eth0 | awk '{print $3}' | sort -u",
        "--network",
        "six",
      );
      expect(families).toBe("inet6");
      expect(await inspect("six", "{{.EnableIPv4}} {{.EnableIPv6}}")).toBe("false true");
      must(await cli("network", "rm", "six"));
    });

    test("internal: no way out", async () => {
      must(await create("--internal", "inside"));
      expect(await sh("ip route | grep -c default; true", "--network", "inside")).toBe("0");
      must(await cli("network", "rm", "inside"));
    });

    test("options of bridges: name, mtu, prefix of links, neighbours kept apart", async () => {
      const option = (key: string) => ["-o", `com.docker.network.${key}`];
      const bridge = `bt${process.pid}n${index}`;
      must(
        await create(
          ...option(`bridge.name=${bridge}`),
          ...option("driver.mtu=1400"),
          ...option("container_iface_prefix=lan"),
          ...option("bridge.enable_icc=false"),
          "optioned",
        ),
      );
      const look = "cat /sys/class/net/lan0/mtu";
      expect(await sh(look, "--network", "optioned")).toBe("1400");
      expect((await run(["ip", "link", "show", bridge])).code).toBe(0);
      must(
        await cli(
          "run",
          "-d",
          "--name",
          `apart${index}`,
          "--network",
          "optioned",
          "busybox",
          "sleep",
          "100",
        ),
      );
      const ping = `ping -c 1 -W 1 apart${index} >/dev/null && echo reached; true`;
      expect(await sh(ping, "--network", "optioned")).toBe("");
      must(await cli("rm", "-f", `apart${index}`));
      must(await cli("network", "rm", "optioned"));
      expect((await run(["ip", "link", "show", bridge])).code).not.toBe(0);
    });

    test("settings that other networks take", async () => {
      must(
        await create("--config-only", "--subnet", subnet(3), "--label", "from=config", "settings"),
      );
      must(await create("--config-from", "settings", "taker"));
      expect(
        await inspect(
          "taker",
          "{{.ConfigFrom.Network}} {{(index .IPAM.Config 0).Subnet}} {{.Labels.from}}",
        ),
      ).toBe(`settings ${subnet(3)} config`);
      expect(await inspect("settings", "{{.ConfigOnly}} {{.Driver}}")).toBe("true null");
      const refused = await cli("run", "--rm", "--network", "settings", "busybox", "true");
      expect(refused.stderr).toContain("cannot be joined");
      expect((await cli("network", "rm", "settings")).stderr).toContain("is in use");
      expect(
        (await create("--config-from", "settings", "--subnet", subnet(4), "x")).stderr,
      ).toContain("user supplied configurations are not supported");
      must(await cli("network", "rm", "taker", "settings"));
    });

    test("links inside: names, settings, link-local addresses, a MAC address", async () => {
      must(await create("--subnet", subnet(5), "linked"));
      if (knows28) {
        const long =
          `name=linked,ip=${subnet(5, "9")},mac-address=02:42:00:00:00:${index}9,alias=one,alias=two,` +
          "driver-opt=com.docker.network.endpoint.ifname=wan0," +
          "driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1";
        expect(
          await sh(
            "ip -o addr show wan0 | awk '{print $4}' | head -1; cat /sys/class/net/wan0/address /proc/sys/net/ipv4/conf/wan0/log_martians; nslookup two >/dev/null && echo named",
            "--network",
            long,
          ),
        ).toBe(`${subnet(5, "9/24")}\n02:42:00:00:00:${index}9\n1\nnamed`);
      }
      must(await cli("run", "-d", "--name", `plain${index}`, "busybox", "sleep", "100"));
      must(
        await cli(
          "network",
          "connect",
          "--link-local-ip",
          "169.254.34.68",
          "linked",
          `plain${index}`,
        ),
      );
      const { stdout } = await cli("exec", `plain${index}`, "ip", "-o", "addr", "show", "eth1");
      expect(stdout).toContain("169.254.34.68/16");
      must(await cli("network", "disconnect", "linked", `plain${index}`));
      expect((await cli("exec", `plain${index}`, "ls", "/sys/class/net")).stdout).not.toContain(
        "eth1",
      );
      must(await cli("rm", "-f", `plain${index}`));
      must(await cli("network", "rm", "linked"));
    });

    test("the network that is preferred has the default route", async () => {
      if (!knows28) return;
      must(await create("--subnet", subnet(6), "first"));
      must(await create("--subnet", subnet(7), "second"));
      const gateway = await sh(
        "ip route | awk '/default/{print $3}'",
        ...["--network", "first", "--network", "name=second,gw-priority=5"],
      );
      expect(gateway).toBe(subnet(7, "1"));
      must(await cli("network", "rm", "first", "second"));
    });

    test("filters of ls, and prune", async () => {
      must(await create("--label", `kind=x${index}`, "filtered"));
      const list = async (...filters: string[]) =>
        (
          await cli(
            "network",
            "ls",
            "-q",
            "--format",
            "{{.Name}}",
            ...filters.flatMap((f) => ["-f", f]),
          )
        ).stdout.split("\n");
      expect(await list(`label=kind=x${index}`)).toEqual(["filtered", ""]);
      expect(await list("type=builtin", "driver=host")).toEqual(["host", ""]);
      expect(await list("dangling=true", "name=filt")).toEqual(["filtered", ""]);
      expect(await list("scope=swarm")).toEqual([""]);
      const pruned = must(await cli("network", "prune", "-f", "--filter", `label=kind=x${index}`));
      expect(pruned.stdout).toContain("filtered");
    });

    const refused: [string[], string][] = [
      [["--subnet", "10.0.0.1/24", "x"], "invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24"],
      [
        ["--subnet", "10.0.0.0/24", "--gateway", "10.0.1.1", "x"],
        "no matching subnet for gateway 10.0.1.1",
      ],
      [["--subnet", "nope", "x"], "invalid subnet nope"],
      [
        ["--subnet", "10.9.1.0/24", "--subnet", "10.9.2.0/24", "x"],
        "bridge driver doesn't support multiple subnets",
      ],
      [["-d", "nope", "x"], "could not find plugin nope in v1 plugin registry"],
      [["-d", "host", "x"], 'only one instance of "host" network is allowed'],
      [["-d", "overlay", "x"], "--cluster-store"],
      [["--ipam-driver", "nope", "x"], "could not find plugin nope in v1 plugin registry"],
      [["--ingress", "x"], "not a swarm manager"],
      [["bridge"], "operation is not permitted on predefined bridge network"],
      [["-o", "com.docker.network.bridge.gateway_mode_ipv4=odd", "x"], "unknown gateway mode odd"],
      [
        ["-o", "com.docker.network.bridge.gateway_mode_ipv4=isolated", "x"],
        "can only be used for an internal network",
      ],
      [
        ["-o", "com.docker.network.bridge.enable_icc=maybe", "x"],
        'parsing "maybe": invalid syntax',
      ],
      [["-o", "com.docker.network.driver.mtu=5", "x"], 'invalid MTU "5"'],
      [
        ["-d", "macvlan", "-o", "macvlan_mode=odd", "x"],
        "requested macvlan mode 'odd' is not valid",
      ],
      [["-d", "macvlan", "-o", "parent=nolink0", "x"], 'link "nolink0" does not exist'],
    ];
    test.each(refused)("refuses %j", async (args, words) => {
      const output = await create(...args);
      expect(output.code).toBe(1);
      expect(output.stderr).toContain(words);
      expect((await cli("network", "ls", "--format", "{{.Name}}")).stdout).not.toContain("x\n");
    });

    test("a taken name, an overlap, a network in use, an address twice", async () => {
      must(await create("--subnet", subnet(8), "taken"));
      expect((await create("taken")).stderr).toContain("network with name taken already exists");
      expect((await create("--subnet", subnet(8, "128/25"), "x")).stderr).toContain(
        "Pool overlaps with other one on this address space",
      );
      const box = `user${index}`;
      must(
        await cli(
          "run",
          "-d",
          "--name",
          box,
          "--network",
          "taken",
          "--ip",
          subnet(8, "5"),
          "busybox",
          "sleep",
          "100",
        ),
      );
      expect((await cli("network", "rm", "taken")).stderr).toContain("has active endpoints");
      const twice = await cli(
        "run",
        "--rm",
        "--network",
        "taken",
        "--ip",
        subnet(8, "5"),
        "busybox",
        "true",
      );
      expect(twice.stderr).toContain("Address already in use");
      const outside = await cli(
        "run",
        "--rm",
        "--network",
        "taken",
        "--ip",
        "10.1.1.1",
        "busybox",
        "true",
      );
      expect(outside.code).not.toBe(0);
      expect((await cli("network", "connect", "host", box)).stderr).toContain(
        "cannot connect container to host network",
      );
      must(await cli("rm", "-f", box));
      must(await cli("network", "rm", "taken"));
    });
  });
}

hostStaysClean(suite);
