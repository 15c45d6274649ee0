import { beforeAll, expect, test } from "bun:test";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../../harness/daemon.ts";
import { PROGRAMS, postgresVersion, takePostgres } from "../../harness/postgres-image.ts";
import { takePrograms } from "../../harness/program-files.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
const version = await postgresVersion();
const programs = ["nginx", "redis-cli", "node"].map((name) => Bun.which(name));
const isComplete = version !== undefined && !programs.includes(null);

let directory = "";
beforeAll(async () => {
  if (!isComplete) return;
  directory = join(suite.daemon.root, "shop");
  await cp(join(import.meta.dir, "shop"), directory, { recursive: true });
  const [nginx = "", client = "", node = ""] = programs.map((path) => path ?? "");
  const server = Bun.which("redis-server") ?? Bun.which("redis-check-rdb") ?? "";
  const context = (name: string) => join(directory, name, "root");
  await Promise.all([
    takePostgres(context("db"), version),
    takePrograms(context("cache"), [client, server]),
    takePrograms(context("app"), [node]),
    takePrograms(context("web"), [nginx]),
  ]);
}, 60_000);

const compose = (...args: string[]) => suite.daemon.berth("compose", ...args, { cwd: directory });

/** Places orders without a pause until told to stop; a new connection each time. */
function placeOrders(urls: readonly string[]) {
  const failures: string[] = [];
  const seen = new Set<string>();
  let orders = 0;
  let over = false;
  const ask = async (url: string): Promise<void> => {
    while (!over) {
      try {
        const response = await fetch(`${url}/order`, { headers: { connection: "close" } });
        const app = await response.text();
        if (response.status === 200) orders++;
        else failures.push(`${url}: ${response.status} ${app}`);
        seen.add(`${response.headers.get("x-web")} ${app}`);
      } catch (error) {
        failures.push(`${url}: ${String(error)}`);
      }
    }
  };
  const asking = urls.map(ask);
  const stop = async () => {
    over = true;
    await Promise.all(asking);
    return { orders, failures, seen };
  };
  return { stop };
}

test.skipIf(!isComplete)(
  "PostgreSQL, Redis, Node and nginx: up, roll under load with no failed request, down to the volumes",
  async () => {
    const builds = `PROGRAMS=${PROGRAMS}/${version}/bin`;
    must(await compose("build", "--build-arg", builds));
    must(await compose("up", "-d", "--wait"));
    const port = must(await compose("port", "web", "80"))
      .stdout.trim()
      .split(":")
      .at(-1);
    const gateway = must(
      await suite.daemon.berth(
        ...["network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "shop_default"],
      ),
    ).stdout.trim();
    const hosts = ["127.0.0.1", gateway, "127.0.0.1", gateway].map(
      (host) => `http://${host}:${port}`,
    );
    const clients = placeOrders(hosts);
    const env = { VERSION: "two" };
    must(
      await suite.daemon.berth(...["compose", "up", "-d", "--rolling"], { cwd: directory, env }),
    );
    const { orders, failures, seen } = await clients.stop();
    expect(failures).toEqual([]);
    expect(seen).toContain("one one");
    expect(seen).toContain("two two");
    const count = await fetch(`http://127.0.0.1:${port}/count`);
    expect(await count.text()).toBe(`${orders} ${orders}`);
    must(await compose("down", "--rmi", "local"));
    const left = (kind: string) =>
      suite.daemon.berth(
        ...[kind, "ls", "-q", "--filter", "label=com.docker.compose.project=shop"],
      );
    expect(must(await left("container")).stdout).toBe("");
    expect(must(await left("network")).stdout).toBe("");
    expect(must(await left("volume")).stdout).toBe("shop_orders\n");
    expect(must(await suite.daemon.berth("images")).stdout).not.toContain("shop-");
  },
  90_000,
);

hostStaysClean(suite);
