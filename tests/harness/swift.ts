import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./registry.ts";

const SERVERS = ["account", "container", "object"] as const;
const ACCESS_KEY = "test:tester";
const SECRET_KEY = "testing";

/** Debian has packages of OpenStack Swift, and `npm test` installs them: where they are missing, tests fail. */
export const swiftIsPackaged = Bun.which("apt-get") !== null;

/** OpenStack Swift with its S3 interface, one replica in a temporary directory, on ports of the loopback. */
export class Swift {
  private constructor(
    private readonly directory: string,
    private readonly children: readonly ReturnType<typeof Bun.spawn>[],
    readonly endpoint: string,
  ) {}

  static async start(): Promise<Swift> {
    const directory = await mkdtemp(join(tmpdir(), "berth-swift-"));
    await mkdir(join(directory, "node/d1"), { recursive: true });
    const [proxy, cache, ...ports] = await Promise.all(Array.from({ length: 5 }, freePort));
    const children = [spawn(["memcached", "-u", "root", "-l", `127.0.0.1:${cache}`])];
    for (const [index, server] of SERVERS.entries()) {
      const file = join(directory, `${server}-server.conf`);
      await writeFile(file, serverConfig(server, ports[index] ?? 0, directory));
      buildRing(directory, server, ports[index] ?? 0);
      children.push(spawn([`swift-${server}-server`, file]));
    }
    const file = join(directory, "proxy-server.conf");
    await writeFile(file, proxyConfig(proxy ?? 0, cache ?? 0, directory));
    children.push(spawn(["swift-proxy-server", file]));
    const swift = new Swift(directory, children, `http://127.0.0.1:${proxy}`);
    await swift.answers();
    return swift;
  }

  /** The registry's settings for a bucket. */
  settings(bucket: string) {
    return {
      bucket,
      endpoint: this.endpoint,
      accessKeyId: ACCESS_KEY,
      secretAccessKey: SECRET_KEY,
      partSize: "5MiB",
    };
  }

  async stop(): Promise<void> {
    for (const child of this.children) child.kill("SIGTERM");
    await Promise.all(this.children.map((child) => child.exited));
    await rm(this.directory, { recursive: true, force: true });
  }

  private async answers(): Promise<void> {
    for (let attempt = 0; attempt < 400; attempt++) {
      const answer = await fetch(`${this.endpoint}/healthcheck`).catch(() => undefined);
      if (answer?.ok) return;
      await Bun.sleep(50);
    }
    throw new Error("swift does not answer");
  }
}

function spawn(command: string[]): ReturnType<typeof Bun.spawn> {
  return Bun.spawn(command, { stdout: "ignore", stderr: "ignore" });
}

function buildRing(directory: string, server: string, port: number): void {
  const file = join(directory, `${server}.builder`);
  const run = (...words: string[]) => {
    const { exitCode, stderr, stdout } = Bun.spawnSync(["swift-ring-builder", file, ...words]);
    if (exitCode > 1) throw new Error(`swift-ring-builder: ${stdout}${stderr}`);
  };
  run("create", "1", "1", "1");
  run("add", `r1z1-127.0.0.1:${port}/d1`, "1");
  run("rebalance");
}

function serverConfig(server: string, port: number, directory: string): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
user = root
swift_dir = ${directory}
devices = ${directory}/node
mount_check = false
workers = 0
[pipeline:main]
pipeline = ${server}-server
[app:${server}-server]
use = egg:swift#${server}
`;
}

function proxyConfig(port: number, cache: number, directory: string): string {
  const plain = ["healthcheck", "bulk", "copy", "slo", "dlo", "listing_formats", "gatekeeper"];
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
user = root
swift_dir = ${directory}
workers = 0
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${cache}
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:s3api]
use = egg:swift#s3api
[filter:catch_errors]
use = egg:swift#catch_errors
${plain.map((name) => `[filter:${name}]\nuse = egg:swift#${name}\n`).join("")}`;
}
