import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { must } from "../../harness/daemon.ts";
import { OutsideHost } from "../../harness/outside.ts";
import { COMMAND_LINES, commandLine, hostStaysClean, useDaemon } from "../../harness/suite.ts";

/** Holds a link whose address lies in the first of the daemon's pools. */
let outside: OutsideHost;
beforeAll(async () => {
  outside = await OutsideHost.make(1);
});
// Four subnets of which the neighbour's link takes one, and the default bridge another.
const suite = useDaemon(
  ...["--default-address-pool", "base=198.18.1.0/29,size=29"],
  ...["--default-address-pool", "base=10.231.0.0/27,size=29"],
);
afterAll(async () => {
  await outside.close();
});

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const create = (...args: string[]) => cli("network", "create", ...args);
  const subnetOf = async (network: string) =>
    must(
      await cli("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", network),
    ).stdout.trim();
  const start = (container: string, ...flags: string[]) =>
    cli(
      "run",
      "-d",
      "--name",
      container,
      "--network",
      "small",
      ...flags,
      "busybox",
      "sleep",
      "600",
    );
  const addressOf = async (container: string) =>
    must(await cli("exec", container, "hostname", "-i")).stdout.trim();

  describe(`${name}: address pools`, () => {
    test("step aside for the host and are used up; the error names who has them", async () => {
      expect(await subnetOf("bridge")).toBe("10.231.0.0/29");
      for (const [index, network] of ["one", "two", "three"].entries()) {
        must(await create(network));
        expect(await subnetOf(network)).toBe(`10.231.0.${8 * (index + 1)}/29`);
      }
      const { stderr, code } = await create("four");
      expect(code).toBe(1);
      expect(stderr).toContain(
        "all predefined address pools have been fully subnetted: 198.18.1.0/29 in pieces of /29, 10.231.0.0/27 in pieces of /29",
      );
      expect(stderr).toContain("198.18.1.1/24");
      expect(stderr).toContain(outside.link);
      expect(stderr).toContain("--default-address-pool");
      // A subnet that is given back is the next one's.
      must(await cli("network", "rm", "two"));
      must(await create("four"));
      expect(await subnetOf("four")).toBe("10.231.0.16/29");
      must(await cli("network", "rm", "one", "three", "four"));
    });

    test("an overlap names the other network", async () => {
      must(await create("--subnet", "10.232.0.0/24", "wide"));
      expect((await create("--subnet", "10.232.0.128/25", "narrow")).stderr).toContain(
        'Pool overlaps with other one on this address space: 10.232.0.0/24 of network "wide"',
      );
      must(await cli("network", "rm", "wide"));
    });

    test("addresses come back exactly once, also over a daemon that is killed", async () => {
      must(await create("--subnet", "10.232.1.0/29", "small"));
      const boxes = ["ba", "bb", "bc", "bd", "be"];
      for (const box of boxes) must(await start(box));
      const before = await Promise.all(boxes.map(addressOf));
      expect(before).toEqual([2, 3, 4, 5, 6].map((end) => `10.232.1.${end}`));
      const full = /no available IPv4 addresses on this network's address pools: small/;
      const refused = async () => {
        expect((await start("more")).stderr).toMatch(full);
        must(await cli("rm", "-f", "more"));
      };
      await refused();

      await suite.daemon.killAndRestart();
      expect(await Promise.all(boxes.map(addressOf))).toEqual(before);
      await refused();

      // One ends while no daemon runs, one before, one after.
      must(await cli("stop", "-t", "0", "bb"));
      const pid = Number(must(await cli("inspect", "-f", "{{.State.Pid}}", "bc")).stdout.trim());
      await suite.daemon.kill();
      process.kill(pid, "SIGKILL");
      await suite.daemon.up();
      must(await cli("rm", "-f", "bd"));
      for (const [box, end] of [
        ["bf", 3],
        ["bg", 4],
        ["bh", 5],
      ] as const) {
        must(await start(box));
        expect(await addressOf(box)).toBe(`10.232.1.${end}`);
      }
      await refused();
      // Those that had them get others, or none.
      expect((await cli("start", "bb")).stderr).toMatch(full);
      must(await cli("rm", "-f", "bf"));
      must(await cli("start", "bb"));
      expect(await addressOf("bb")).toBe("10.232.1.3");
      must(await cli("rm", "-f", ...boxes.filter((box) => box !== "bd"), "bg", "bh"));
      must(await cli("network", "rm", "small"));
    });
  });
}

hostStaysClean(suite);
