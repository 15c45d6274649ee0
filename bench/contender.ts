import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

const checkout = join(import.meta.dir, "..");

/** An engine with the command line that a user would type for it. */
export interface Contender {
  readonly name: string;
  /** The words before the command: `["docker", "-H", "unix://…"]`. */
  readonly command: readonly string[];
  /** Pids of the engine's own processes, for their memory. */
  pids(): Promise<number[]>;
  stop(): Promise<void>;
}

async function waitFor(command: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (
      Bun.spawnSync([...command, "version"], { stdout: "ignore", stderr: "ignore" }).exitCode === 0
    ) {
      return;
    }
    await Bun.sleep(100);
  }
  throw new Error(`${command.join(" ")} does not answer`);
}

function importBusybox(command: readonly string[]): void {
  const tar = Bun.spawnSync([join(checkout, "tools/busybox-image.sh")]).stdout;
  const flags = ["--change", 'CMD ["sh"]', "--change", "ENV PATH=/bin:/sbin:/usr/bin:/usr/sbin"];
  const result = Bun.spawnSync([...command, "import", ...flags, "-", "busybox:latest"], {
    stdin: tar,
  });
  if (result.exitCode !== 0) throw new Error(`import: ${result.stderr}`);
}

async function pidsWith(marker: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of new Bun.Glob("[0-9]*").scanSync({ cwd: "/proc", onlyFiles: false })) {
    const command = await Bun.file(`/proc/${pid}/cmdline`)
      .text()
      .catch(() => "");
    if (command.includes(marker)) found.push(Number(pid));
  }
  return found;
}

export async function startBerth(): Promise<Contender> {
  const root = await mkdtemp("/tmp/bench-berth-");
  const binary = join(checkout, "dist/berth");
  const socket = `unix://${root}/berth.sock`;
  const places = ["--data-root", `${root}/data`, "--exec-root", `${root}/exec`, "-H", socket];
  const daemon = Bun.spawn([binary, "daemon", ...places, "--bridge", "benchb0"], {
    stdout: "ignore",
    stderr: Bun.file(`${root}/log`),
  });
  const command = [binary, "-H", socket];
  await waitFor(command);
  importBusybox(command);
  return {
    name: "berth",
    command,
    pids: () => pidsWith(root),
    stop: async () => {
      Bun.spawnSync([...command, "system", "stop", "--containers"]);
      await daemon.exited;
      await rm(root, { recursive: true, force: true });
    },
  };
}

export async function startDockerd(): Promise<Contender> {
  const root = await mkdtemp("/tmp/bench-dockerd-");
  const socket = `unix://${root}/docker.sock`;
  const places = ["--data-root", `${root}/data`, "--exec-root", `${root}/exec`, "-H", socket];
  const daemon = Bun.spawn(["dockerd", ...places, "--pidfile", `${root}/pid`], {
    stdout: "ignore",
    stderr: Bun.file(`${root}/log`),
  });
  const command = ["docker", "-H", socket];
  await waitFor(command);
  importBusybox(command);
  return {
    name: "dockerd",
    command,
    pids: () => pidsWith(root),
    stop: async () => {
      daemon.kill("SIGTERM");
      await daemon.exited;
      await rm(root, { recursive: true, force: true });
    },
  };
}
