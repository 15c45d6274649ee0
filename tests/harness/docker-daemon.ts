import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Output, type RunOptions, run } from "./daemon.ts";

/** A dockerd of its own, without networks, to compare with. */
export class DockerDaemon {
  readonly root: string;
  readonly #child: Bun.Subprocess;

  private constructor(root: string, child: Bun.Subprocess) {
    this.root = root;
    this.#child = child;
  }

  /** `undefined` where there is no dockerd on this machine, or it does not start. */
  static async start(): Promise<DockerDaemon | undefined> {
    if (Bun.which("dockerd") === null) return undefined;
    const root = await mkdtemp(join(tmpdir(), "bdockerd-"));
    const flags = ["--data-root", `${root}/data`, "--exec-root", `${root}/exec`];
    const network = ["--bridge", "none", "--iptables=false", "-H", `unix://${root}/docker.sock`];
    const child = Bun.spawn(["dockerd", ...flags, "-p", `${root}/pid`, ...network], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: Bun.file(`${root}/log`),
    });
    const daemon = new DockerDaemon(root, child);
    for (let attempt = 0; attempt < 150 && child.exitCode === null; attempt++) {
      if ((await daemon.docker(["version"])).code === 0) return daemon;
      await Bun.sleep(100);
    }
    const log = await readFile(`${root}/log`, "utf8");
    await daemon.stop();
    console.error(`dockerd does not start: ${log.slice(-500)}`);
    return undefined;
  }

  docker(args: readonly string[], options: RunOptions = {}): Promise<Output> {
    return run(["docker", "-H", `unix://${this.root}/docker.sock`, ...args], options);
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
    // It binds its own data root.
    while ((await run(["umount", "-l", `${this.root}/data`])).code === 0);
    await rm(this.root, { recursive: true, force: true });
  }
}
