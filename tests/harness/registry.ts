import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";

export interface RegistryOptions {
  /** Lines of its configuration beside storage, address and log: `auth: {…}`. */
  config?: readonly string[];
  /** PEM files; it then speaks TLS. */
  tls?: { certificate: string; key: string; clientAuthorities?: string[] };
  /** Program and arguments before `docker-registry`: `ip netns exec …`. */
  within?: readonly string[];
  /** Address to listen on, instead of a free port of the loopback. */
  address?: string;
}

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

  static async start(options: RegistryOptions = {}): Promise<TestRegistry> {
    const directory = await mkdtemp("/tmp/be2e-registry-");
    const address = options.address ?? `127.0.0.1:${await freePort()}`;
    const file = join(directory, "config.yml");
    const config = [
      "version: 0.1",
      `storage: {filesystem: {rootdirectory: ${directory}/data}, delete: {enabled: true}}`,
      `http: ${httpSection(address, options.tls)}`,
      "log: {level: error}",
      ...(options.config ?? []),
    ];
    await writeFile(file, `${config.join("\n")}\n`);
    const command = [...(options.within ?? []), "docker-registry", "serve", file];
    const child = Bun.spawn(command, {
      stdout: "ignore",
      stderr: "ignore",
    });
    const registry = new TestRegistry(address, directory, child);
    for (let attempt = 0; attempt < 200; attempt++) {
      if (await answers(address)) return registry;
      await Bun.sleep(25);
    }
    throw new Error("docker-registry does not answer");
  }

  get pid(): number {
    return this.child.pid;
  }

  async stop(): Promise<void> {
    this.child.kill("SIGTERM");
    await this.child.exited;
    await rm(this.directory, { recursive: true, force: true });
  }
}

function httpSection(address: string, tls: RegistryOptions["tls"]): string {
  if (tls === undefined) return JSON.stringify({ addr: address });
  const { certificate, key, clientAuthorities } = tls;
  const clients = clientAuthorities === undefined ? {} : { clientcas: clientAuthorities };
  return JSON.stringify({ addr: address, tls: { certificate, key, ...clients } });
}

/** Whether it speaks plain HTTP, TLS or asks for a certificate: it listens. */
function answers(address: string): Promise<boolean> {
  const at = address.lastIndexOf(":");
  const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)) });
  return new Promise((resolve) => {
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
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
