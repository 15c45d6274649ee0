import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { readRules, removeAddedRules } from "./firewall-snapshot.ts";

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

/** `flags` go to the daemon; `log` is the file that it writes its log to. */
export async function startBerth(
  ...flags: readonly string[]
): Promise<Contender & { log: string }> {
  const root = await mkdtemp("/tmp/bench-berth-");
  const binary = join(checkout, "dist/berth");
  const socket = `unix://${root}/berth.sock`;
  const places = ["--data-root", `${root}/data`, "--exec-root", `${root}/exec`, "-H", socket];
  const daemon = Bun.spawn([binary, "daemon", ...places, "--bridge", "benchb0", ...flags], {
    stdout: "ignore",
    stderr: Bun.file(`${root}/log`),
  });
  const command = [binary, "-H", socket];
  await waitFor(command);
  importBusybox(command);
  return {
    name: "berth",
    log: `${root}/log`,
    command,
    pids: () => pidsWith(root),
    stop: async () => {
      Bun.spawnSync([...command, "system", "stop", "--containers"]);
      await daemon.exited;
      await rm(root, { recursive: true, force: true });
    },
  };
}

const DOCKERD_BRIDGE = "benchd0";
const DOCKERD_ADDRESS = "172.31.249.1/24";

/** dockerd leaves the mount of its default network namespace. */
function unmountBelow(root: string): void {
  const mounts = readFileSync("/proc/self/mounts", "utf8").trim().split("\n");
  const points = mounts.map((line) => line.split(" ")[1] ?? "");
  const below = points.filter((point) => point.startsWith(`${root}/`));
  for (const point of below.reverse()) Bun.spawnSync(["umount", "-l", point]);
}

export async function startDockerd(): Promise<Contender> {
  const root = await mkdtemp("/tmp/bench-dockerd-");
  const rules = readRules();
  // Its own bridge: docker0 may belong to a daemon that runs on this host already.
  Bun.spawnSync(["ip", "link", "add", DOCKERD_BRIDGE, "type", "bridge"]);
  Bun.spawnSync(["ip", "address", "add", DOCKERD_ADDRESS, "dev", DOCKERD_BRIDGE]);
  Bun.spawnSync(["ip", "link", "set", DOCKERD_BRIDGE, "up"]);
  const socket = `unix://${root}/docker.sock`;
  const places = ["--data-root", `${root}/data`, "--exec-root", `${root}/exec`, "-H", socket];
  const daemon = Bun.spawn(
    [
      process.env["BENCH_DOCKERD"] ?? "dockerd",
      ...places,
      "--bridge",
      DOCKERD_BRIDGE,
      "--pidfile",
      `${root}/pid`,
    ],
    {
      stdout: "ignore",
      stderr: Bun.file(`${root}/log`),
    },
  );
  const command = [process.env["BENCH_DOCKER"] ?? "docker", "-H", socket];
  await waitFor(command);
  importBusybox(command);
  return {
    name: "dockerd",
    command,
    pids: () => pidsWith(root),
    stop: async () => {
      daemon.kill("SIGTERM");
      await daemon.exited;
      unmountBelow(root);
      Bun.spawnSync(["ip", "link", "delete", DOCKERD_BRIDGE]);
      removeAddedRules(rules, DOCKERD_BRIDGE);
      await rm(root, { recursive: true, force: true });
    },
  };
}
