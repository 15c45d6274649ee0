import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";

/** Debian's docker-registry on a free port of the loopback. */
export class TestRegistry {
  readonly address: string;
  private readonly directory: string;
  private readonly child: ReturnType<typeof Bun.spawn>;

  private constructor(address: string, directory: string, child: ReturnType<typeof Bun.spawn>) {
    this.address = address;
    this.directory = directory;
    this.child = child;
  }

  static async start(): Promise<TestRegistry> {
    const directory = await mkdtemp("/tmp/be2e-registry-");
    const address = `127.0.0.1:${await freePort()}`;
    const file = join(directory, "config.yml");
    const config = [
      "version: 0.1",
      `storage: {filesystem: {rootdirectory: ${directory}/data}, delete: {enabled: true}}`,
      `http: {addr: "${address}"}`,
      "log: {level: error}",
    ];
    await writeFile(file, `${config.join("\n")}\n`);
    const child = Bun.spawn(["docker-registry", "serve", file], {
      stdout: "ignore",
      stderr: "ignore",
    });
    const registry = new TestRegistry(address, directory, child);
    for (let attempt = 0; attempt < 200; attempt++) {
      const answer = await fetch(`http://${address}/v2/`).catch(() => undefined);
      if (answer?.ok) return registry;
      await Bun.sleep(25);
    }
    throw new Error("docker-registry does not answer");
  }

  async stop(): Promise<void> {
    this.child.kill("SIGTERM");
    await this.child.exited;
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A TCP port that is free at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
