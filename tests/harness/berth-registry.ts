import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BERTH } from "./daemon.ts";
import { freePort } from "./registry.ts";

export interface RegistryPlace {
  /** Program and arguments before `berth`: `ip netns exec …`. */
  readonly within?: readonly string[];
  /** Address to listen on, instead of a free port of the loopback. */
  readonly address?: string;
}

/** `berth registry serve` as a process of its own, with a directory that outlives it. */
export class BerthRegistry {
  private child: ReturnType<typeof Bun.spawn> | undefined;

  private constructor(
    readonly directory: string,
    readonly address: string,
    private readonly settings: Readonly<Record<string, unknown>>,
    private readonly within: readonly string[],
  ) {}

  static async start(
    settings: Readonly<Record<string, unknown>> = {},
    { within = [], address }: RegistryPlace = {},
  ): Promise<BerthRegistry> {
    const directory = await mkdtemp("/tmp/be2e-own-registry-");
    const place = address ?? `127.0.0.1:${await freePort()}`;
    const registry = new BerthRegistry(directory, place, settings, within);
    await registry.run();
    return registry;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  get config(): string {
    return join(this.directory, "config.json");
  }

  get root(): string {
    return join(this.directory, "data");
  }

  /** Ends it as an administrator would. */
  async terminate(): Promise<void> {
    this.child?.kill("SIGTERM");
    await this.child?.exited;
  }

  /** Starts the process and resolves when it answers. */
  async run(): Promise<void> {
    const settings = { addr: this.address, root: this.root, logLevel: "error", ...this.settings };
    await writeFile(this.config, JSON.stringify(settings));
    const command = [...this.within, BERTH, "registry", "serve", "--config", this.config];
    const child = Bun.spawn(command, {
      stdout: "ignore",
      stderr: Bun.file(join(this.directory, "log")),
    });
    this.child = child;
    const scheme = "tls" in this.settings ? "https" : "http";
    for (let attempt = 0; attempt < 400 && child.exitCode === null; attempt++) {
      const options = { tls: { rejectUnauthorized: false } };
      const answer = await fetch(`${scheme}://${this.address}/healthz`, options).catch(
        () => undefined,
      );
      if (answer?.ok) return;
      await Bun.sleep(10);
    }
    const log = await Bun.file(join(this.directory, "log")).text();
    throw new Error(`berth registry serve does not answer: ${log}`);
  }

  async kill(): Promise<void> {
    this.child?.kill("SIGKILL");
    await this.child?.exited;
  }

  async stop(): Promise<void> {
    await this.terminate();
    await rm(this.directory, { recursive: true, force: true });
  }
}
