import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { must, run } from "../../harness/daemon.ts";
import { OutsideHost } from "../../harness/outside.ts";
import { COMMAND_LINES, commandLine, hostStaysClean, useDaemon } from "../../harness/suite.ts";

let outside: OutsideHost;
/** A neighbour on a link of its own, which a container may take for itself. */
let apart: OutsideHost;
beforeAll(async () => {
  outside = await OutsideHost.make(1);
  apart = await OutsideHost.make(2);
});
const suite = useDaemon();
afterAll(async () => {
  await outside.close();
  await apart.close();
});

const SUBNET = "198.18.1.0/24";
const ADDRESS = "198.18.1.50";

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const create = (...args: string[]) => cli("network", "create", ...args);
  const sh = async (script: string, ...flags: string[]) =>
    must(await cli("run", "--rm", ...flags, "busybox", "sh", "-c", script)).stdout.trim();

  describe(`${name}: macvlan`, () => {
    const startOnWire = async (container: string) => {
      const flags = ["-d", "--name", container, "--network", "wire", "--ip", ADDRESS];
      must(await cli("run", ...flags, "busybox", "sleep", "100"));
    };
    const mac = (mode: string, network: string) =>
      create(
        "-d",
        "macvlan",
        "--subnet",
        SUBNET,
        "--gateway",
        outside.address,
        "-o",
        `parent=${outside.link}`,
        "-o",
        `macvlan_mode=${mode}`,
        network,
      );

    for (const mode of ["bridge", "private", "vepa"]) {
      test(`${mode}: a place on the neighbours' own wire`, async () => {
        must(await mac(mode, "wire"));
        const look = `ip route | awk '/default/{print $3}'; ping -c 1 -W 2 ${outside.address} >/dev/null && echo reached`;
        expect(await sh(look, "--network", "wire", "--ip", ADDRESS)).toBe(
          `${outside.address}\nreached`,
        );
        must(await cli("network", "rm", "wire"));
      });
    }

    test("a neighbour reaches the container at its own address", async () => {
      must(await mac("bridge", "wire"));
      await startOnWire("mac");
      expect((await outside.run("ping", "-c", "1", "-W", "2", ADDRESS)).code).toBe(0);
      expect(
        await sh(
          `ping -c 1 -W 2 ${ADDRESS} >/dev/null && echo neighbour; nslookup mac >/dev/null && echo named`,
          "--network",
          "wire",
        ),
      ).toBe("neighbour\nnamed");
      must(await cli("network", "disconnect", "wire", "mac"));
      expect((await cli("exec", "mac", "ls", "/sys/class/net")).stdout.trim()).toBe("lo");
      must(await cli("network", "connect", "--ip", ADDRESS, "wire", "mac"));
      expect((await outside.run("ping", "-c", "1", "-W", "2", ADDRESS)).code).toBe(0);
      must(await cli("rm", "-f", "mac"));
      must(await cli("network", "rm", "wire"));
    });

    test("passthru takes the parent for itself", async () => {
      const flags = ["-o", `parent=${apart.link}`, "-o", "macvlan_mode=passthru"];
      for (const turn of ["first", "again"]) {
        must(await create("-d", "macvlan", "--subnet", "198.18.2.0/24", ...flags, turn));
        const ping = `ping -c 1 -W 2 ${apart.address} >/dev/null && echo reached`;
        expect(await sh(ping, "--network", turn, "--ip", "198.18.2.50")).toBe("reached");
        must(await cli("network", "rm", turn));
      }
    });

    test("without a parent: a network of its own, that leads nowhere", async () => {
      must(await create("-d", "macvlan", "alone"));
      must(
        await cli("run", "-d", "--name", "lone", "--network", "alone", "busybox", "sleep", "100"),
      );
      expect(
        await sh("ping -c 1 -W 2 lone >/dev/null && echo together", "--network", "alone"),
      ).toBe("together");
      must(await cli("rm", "-f", "lone"));
      must(await cli("network", "rm", "alone"));
    });

    test("survives the daemon", async () => {
      must(await mac("bridge", "wire"));
      await startOnWire("stays");
      await suite.daemon.killAndRestart();
      expect((await outside.run("ping", "-c", "1", "-W", "2", ADDRESS)).code).toBe(0);
      must(await cli("rm", "-f", "stays"));
      must(await cli("network", "rm", "wire"));
    });
  });

  test(`${name}: ipvlan and VLANs where the kernel has them, else a sentence that names what is missing`, async () => {
    for (const [flags, option] of [
      [
        ["-d", "ipvlan", "-o", `parent=${outside.link}`, "-o", "ipvlan_mode=l3"],
        "CONFIG_IPVLAN, module ipvlan",
      ],
      [["-d", "macvlan", "-o", `parent=${outside.link}.50`], "CONFIG_VLAN_8021Q, module 8021q"],
    ] as const) {
      const output = await create(...flags, "--subnet", "10.77.0.0/24", "maybe");
      if (output.code === 0) {
        const script = option.includes("IPVLAN")
          ? "ip route | grep default"
          : "ip -d link show eth0";
        expect(await sh(script, "--network", "maybe")).toContain("eth0");
        must(await cli("network", "rm", "maybe"));
      } else expect(output.stderr).toContain(option);
    }
    expect((await run(["ip", "link", "show", `${outside.link}.50`])).code).not.toBe(0);
  });
}

hostStaysClean(suite);
