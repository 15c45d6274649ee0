import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { must, run } from "../../harness/daemon.ts";
import { OutsideHost } from "../../harness/outside.ts";
import {
  COMMAND_LINES,
  commandLine,
  eventually,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

let outside: OutsideHost;
beforeAll(async () => {
  outside = await OutsideHost.make(1);
});
const suite = useDaemon();
afterAll(async () => {
  await outside.close();
});

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const create = (...args: string[]) => cli("network", "create", ...args);
  const sh = async (script: string, ...flags: string[]) =>
    must(await cli("run", "--rm", ...flags, "busybox", "sh", "-c", script)).stdout.trim();

  describe(`${name}: gateway modes of bridges`, () => {
    const bridge = (mode: string, network: string, ...more: string[]) =>
      create(
        "--subnet",
        "10.78.0.0/24",
        "-o",
        `com.docker.network.bridge.gateway_mode_ipv4=${mode}`,
        ...more,
        network,
      );
    const listen = async (network: string) => {
      const servers = "httpd -f -p 81 & httpd -f -p 80";
      const flags = ["--name", "served", "--network", network, "--ip", "10.78.0.9"];
      must(await cli("run", "-d", ...flags, "-p", "18080:80", "busybox", "sh", "-c", servers));
      await eventually(async () => {
        const { stdout } = await cli("exec", "served", "netstat", "-ltn");
        return [":80 ", ":81 "].every((port) => stdout.includes(port));
      });
    };
    const route = (verb: "add" | "del") =>
      outside.run("ip", "route", verb, "10.78.0.0/24", "via", outside.hostAddress);
    const get = async (url: string) =>
      (await outside.run("curl", "-s", "-m", "2", "-o", "/dev/null", "-w", "%{http_code}", url))
        .stdout;
    beforeAll(async () => {
      must(await route("add"));
    });
    afterAll(async () => {
      must(await route("del"));
    });

    const cases: [string, Record<"published" | "direct" | "unpublished", string>][] = [
      ["nat", { published: "404", direct: "000", unpublished: "000" }],
      ["nat-unprotected", { published: "404", direct: "404", unpublished: "404" }],
      ["routed", { published: "000", direct: "404", unpublished: "000" }],
    ];
    test.each(cases)("%s", async (mode, expected) => {
      must(await bridge(mode, "moded"));
      await listen("moded");
      expect({
        published: await get(`http://${outside.hostAddress}:18080/`),
        direct: await get("http://10.78.0.9:80/"),
        unpublished: await get("http://10.78.0.9:81/"),
      }).toEqual(expected);
      if (mode === "routed") {
        // Its own address is what a neighbour sees.
        const seen = outside.spawn("nc", "-v", "-l", "-n", "-p", "7001");
        must(
          await cli(
            "exec",
            "served",
            "sh",
            "-c",
            `for i in 1 2 3 4 5; do ping -c 1 -W 1 ${outside.address} >/dev/null && break; done`,
          ),
        );
        seen.kill();
        expect((await outside.run("ping", "-c", "1", "-W", "2", "10.78.0.9")).code).toBe(0);
      }
      must(await cli("rm", "-f", "served"));
      must(await cli("network", "rm", "moded"));
    });

    test("trusted interfaces reach every port", async () => {
      must(
        await bridge(
          "nat",
          "moded",
          "-o",
          `com.docker.network.bridge.trusted_host_interfaces=${outside.link}`,
        ),
      );
      await listen("moded");
      expect(await get("http://10.78.0.9:81/")).toBe("404");
      must(await cli("rm", "-f", "served"));
      must(await cli("network", "rm", "moded"));
    });

    test("isolated: the bridge has no address", async () => {
      const device = `bt${process.pid}i`;
      must(
        await bridge(
          "isolated",
          "moded",
          "--internal",
          "-o",
          `com.docker.network.bridge.name=${device}`,
        ),
      );
      expect((await run(["ip", "-4", "-o", "addr", "show", device])).stdout).toBe("");
      expect(await sh("ip -4 -o addr show eth0 | wc -l", "--network", "moded")).toBe("1");
      must(await cli("network", "rm", "moded"));
    });
  });
}

hostStaysClean(suite);
