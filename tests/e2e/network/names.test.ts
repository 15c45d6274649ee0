import { describe, expect, test } from "bun:test";
import { COMMAND_LINES, commandLine, hostStaysClean, useDaemon } from "../../harness/suite.ts";

// An upstream that refuses at once, as nothing but names of containers is asked for here.
const suite = useDaemon("--dns", "127.0.0.1");

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const net = `names-${name}`;
  const inside = async (container: string, script: string): Promise<string> =>
    (await cli("exec", container, "sh", "-c", script)).stdout.trim();
  const addressOf = async (container: string, network = net): Promise<string> =>
    (
      await cli(
        "inspect",
        "-f",
        `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`,
        container,
      )
    ).stdout.trim();
  const lookUp = (container: string, query: string): Promise<string> =>
    inside(container, `nslookup ${query} 127.0.0.11 2>&1 | tail -n +3`);

  describe(`${name}: names`, () => {
    test("resolv.conf, names, aliases, short ids, PTR", async () => {
      expect((await cli("network", "create", net)).code).toBe(0);
      const flags = ["--network", net, "--network-alias", "group"];
      const ids = new Map<string, string>();
      for (const container of ["one", "two"]) {
        const made = await cli(
          "run",
          "-d",
          "--name",
          container,
          ...flags,
          "busybox",
          "sleep",
          "600",
        );
        expect(made.code).toBe(0);
        ids.set(container, made.stdout.trim().slice(0, 12));
      }
      const file = await inside("one", "cat /etc/resolv.conf");
      expect(file).toContain("nameserver 127.0.0.11");
      expect(file).toMatch(/^options .*ndots:0/m);
      const [one, two] = [await addressOf("one"), await addressOf("two")];
      for (const query of ["two", "TWO", `two.${net}`, ids.get("two") ?? ""]) {
        expect(await lookUp("one", query)).toContain(two);
      }
      const group = await lookUp("one", "group");
      expect(group).toContain(one);
      expect(group).toContain(two);
      expect(await lookUp("one", two)).toContain(`two.${net}`);
      expect(await inside("one", "ping -c 1 -W 2 two >/dev/null && echo ok")).toBe("ok");
    });
    test("the first question of a container is answered", async () => {
      const first = await cli("run", "--rm", "--network", net, "busybox", "nslookup", "one");
      expect(first.stdout).toContain(await addressOf("one"));
    });
    test("a container that ends is not called any more", async () => {
      await cli("run", "-d", "--name", "three", "--network", net, "busybox", "sleep", "600");
      expect(await lookUp("one", "three")).toContain(await addressOf("three"));
      await cli("rm", "-f", "three");
      expect(await lookUp("one", "three")).not.toContain("Address:");
    });
    test("renamed, sharing, connected and disconnected", async () => {
      await cli("rename", "two", "zwei");
      expect(await lookUp("one", "zwei")).toContain(await addressOf("zwei"));
      const shared = ["run", "--rm", "--network", "container:one", "busybox"];
      expect((await cli(...shared, "nslookup", "zwei")).stdout).toContain(await addressOf("zwei"));
      await cli("run", "-d", "--name", "plain", "busybox", "sleep", "600");
      expect(await inside("plain", "cat /etc/resolv.conf")).not.toContain("127.0.0.11");
      await cli("network", "connect", "--alias", "late", net, "plain");
      expect(await inside("plain", "cat /etc/resolv.conf")).toContain("nameserver 127.0.0.11");
      expect(await lookUp("plain", "zwei")).toContain(await addressOf("zwei"));
      expect(await lookUp("one", "late")).toContain(await addressOf("plain"));
      await cli("network", "disconnect", net, "plain");
      expect(await lookUp("one", "late")).not.toContain("Address:");
      await cli("rm", "-f", "plain");
    });
    test("names answer while the daemon is away, and after it", async () => {
      const address = await addressOf("zwei");
      const ask = `nslookup zwei 127.0.0.11 | grep -q ${address} && echo yes || echo lost`;
      const script = `for i in $(seq 60); do ${ask}; sleep 0.05; done`;
      await cli("run", "-d", "--name", "asker", "--network", net, "busybox", "sh", "-c", script);
      await suite.daemon.kill();
      await Bun.sleep(300);
      await suite.daemon.up();
      await cli("wait", "asker");
      const answers = (await cli("logs", "asker")).stdout.trim().split("\n");
      expect(answers).toEqual(Array.from({ length: 60 }, () => "yes"));
      expect(await lookUp("one", "zwei")).toContain(address);
      await cli("rm", "-f", "asker");
      await cli("rm", "-f", "one", "zwei");
      expect((await cli("network", "rm", net)).code).toBe(0);
    });
  });
}

hostStaysClean(suite);
