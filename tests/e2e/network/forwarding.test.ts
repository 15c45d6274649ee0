import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { must, run } from "../../harness/daemon.ts";
import { OutsideHost } from "../../harness/outside.ts";
import {
  COMMAND_LINES,
  commandLine,
  eventually,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

const DNS = join(import.meta.dir, "../../harness/dns.ts");

/** A neighbour that is a name server, at an address of each family. */
let outside: OutsideHost;
const servers: ReturnType<OutsideHost["spawn"]>[] = [];
let questions = "";

async function serveNames(address: string): Promise<void> {
  const server = outside.spawn(process.execPath, DNS, "serve", address);
  servers.push(server);
  const collect = async () => {
    for await (const chunk of server.stdout) questions += new TextDecoder().decode(chunk);
  };
  const before = questions.length;
  collect().catch(() => {});
  await eventually(async () => questions.slice(before).includes("ready"));
}

beforeAll(async () => {
  // The first network with IPv6 would do so, which adds routes of the kernel's to every link.
  await Bun.write("/proc/sys/net/ipv6/conf/all/forwarding", "1");
  outside = await OutsideHost.make(1);
  await serveNames(outside.address);
  await serveNames(outside.address6);
});
const suite = useDaemon();
afterAll(async () => {
  for (const server of servers) {
    server.kill();
    await server.exited;
  }
  await outside.close();
});

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const ask = async (container: string, ...question: string[]): Promise<string> => {
    const pid = must(await cli("inspect", "-f", "{{.State.Pid}}", container)).stdout.trim();
    const inside = ["nsenter", `--net=/proc/${pid}/ns/net`, process.execPath, DNS, "ask"];
    return must(await run([...inside, ...question], { timeout: 8000 })).stdout.trim();
  };
  const start = async (container: string, ...flags: string[]) => {
    must(await cli("run", "-d", "--name", container, ...flags, "busybox", "sleep", "600"));
  };
  const sh = async (container: string, script: string) =>
    (await cli("exec", container, "sh", "-c", script)).stdout.trim();

  describe(`${name}: names of the outside`, () => {
    test("in a user network: --dns over UDP and TCP, A and AAAA, what is not there", async () => {
      must(await cli("network", "create", "asking"));
      await start("asker", "--network", "asking", "--dns", outside.address);
      expect(await ask("asker", "udp", "127.0.0.11", "www.example.test")).toBe("NOERROR 192.0.2.7");
      expect(await ask("asker", "tcp", "127.0.0.11", "web.example.test")).toBe("NOERROR 192.0.2.7");
      expect(await ask("asker", "udp", "127.0.0.11", "www.example.test", "AAAA")).toBe(
        "NOERROR 2001:db8::7",
      );
      expect(await ask("asker", "udp", "127.0.0.11", "nobody.test")).toBe("NXDOMAIN");
      expect(questions).toContain("udp A www.example.test");
      expect(await sh("asker", "ping -c 1 -W 1 www.example.test 2>&1 | head -1")).toContain(
        "(192.0.2.7)",
      );
    });

    test("an answer too long for a packet is said to be, and comes whole over TCP", async () => {
      expect(await ask("asker", "udp", "127.0.0.11", "many.example.test")).toBe(
        "NOERROR truncated",
      );
      const whole = await ask("asker", "tcp", "127.0.0.11", "many.example.test");
      expect(whole.split(" ")).toHaveLength(61);
      expect(whole).toEndWith("192.0.2.60");
      must(await cli("rm", "-f", "asker"));
    });

    test("--dns-search and --dns-option; a server with an IPv6 address", async () => {
      must(await cli("network", "create", "--ipv6", "asking6"));
      await start(
        "asker",
        ...["--network", "asking6", "--dns", outside.address6],
        ...["--dns-search", "example.test", "--dns-option", "timeout:1"],
      );
      const file = await sh("asker", "cat /etc/resolv.conf");
      expect(file).toContain("nameserver 127.0.0.11");
      expect(file).toContain("search example.test");
      expect(file).toMatch(/^options timeout:1 ndots:0$/m);
      expect(await ask("asker", "udp", "127.0.0.11", "six.example.test", "AAAA")).toBe(
        "NOERROR 2001:db8::7",
      );
      expect(await sh("asker", "nslookup short 2>&1")).toContain("short.example.test");
      must(await cli("rm", "-f", "asker"));
      must(await cli("network", "rm", "asking6", "asking"));
    });

    test("in the default bridge the servers are asked directly", async () => {
      const flags = ["--dns", outside.address, "--dns-search", "example.test"];
      await start("asker", ...flags, "--dns-option", "ndots:3");
      expect(await sh("asker", "cat /etc/resolv.conf")).toBe(
        `nameserver ${outside.address}\nsearch example.test\noptions ndots:3`,
      );
      expect(await ask("asker", "udp", outside.address, "plain.example.test")).toBe(
        "NOERROR 192.0.2.7",
      );
      expect(await ask("asker", "tcp", outside.address, "plain.example.test")).toBe(
        "NOERROR 192.0.2.7",
      );
      expect(await sh("asker", "ping -c 1 -W 1 www.example.test 2>&1 | head -1")).toContain(
        "(192.0.2.7)",
      );
      must(await cli("rm", "-f", "asker"));
    });

    test("an internal network asks nobody", async () => {
      must(await cli("network", "create", "--internal", "closed"));
      await start("asker", "--network", "closed", "--dns", outside.address);
      expect(await ask("asker", "udp", "127.0.0.11", "secret.example.test")).not.toContain("192");
      expect(questions).not.toContain("secret.example.test");
      must(await cli("rm", "-f", "asker"));
      must(await cli("network", "rm", "closed"));
    });
  });

  describe(`${name}: --link`, () => {
    test("on the default bridge: hosts and variables, also in exec", async () => {
      await start("db", "--expose", "5432-5433", "-e", "SECRET=s", "--hostname", "dbhost");
      const address = await sh("db", "hostname -i");
      await start("web", "--link", "db:my-data");
      const hosts = await sh("web", "cat /etc/hosts");
      expect(hosts).toContain(`${address}\tmy-data dbhost db`);
      expect(await sh("web", "ping -c 1 -W 1 my-data >/dev/null && echo reached")).toBe("reached");
      const variables = await sh("web", "tr '\\0' '\\n' < /proc/1/environ");
      for (const environment of [variables, await sh("web", "env")]) {
        expect(environment).toContain(`MY_DATA_PORT=tcp://${address}:5432\n`);
        expect(environment).toContain(`MY_DATA_PORT_5433_TCP_ADDR=${address}\n`);
        expect(environment).toContain("MY_DATA_PORT_5432_TCP_PORT_END=5433\n");
        expect(environment).toContain("MY_DATA_NAME=/web/my-data\n");
        expect(environment).toContain("MY_DATA_ENV_SECRET=s\n");
        expect(environment).not.toContain("MY_DATA_ENV_PATH");
      }
    });

    test("what cannot be linked", async () => {
      must(await cli("stop", "-t", "0", "db", "web"));
      const stopped = await cli("start", "web");
      expect(stopped.stderr).toContain(
        "Cannot link to a non running container: /db AS /web/my-data",
      );
      must(await cli("rm", "-f", "db", "web"));
      const unknown = await cli("run", "--rm", "--link", "nobody:x", "busybox", "true");
      expect(unknown.stderr).toContain("could not get container for nobody");
    });

    test("in a user network: a name of one container's own", async () => {
      must(await cli("network", "create", "linking"));
      await start("db", "--network", "linking");
      await start("web", "--network", "linking", "--link", "db:mine");
      await start("other", "--network", "linking");
      const address = await sh("db", "hostname -i");
      expect(await ask("web", "udp", "127.0.0.11", "mine")).toBe(`NOERROR ${address}`);
      expect(await ask("other", "udp", "127.0.0.11", "mine")).not.toContain(address);
      expect(await sh("web", "env")).not.toContain("MINE_");
      must(await cli("rm", "-f", "db", "web", "other"));
      must(await cli("network", "rm", "linking"));
    });
  });
}

hostStaysClean(suite);
