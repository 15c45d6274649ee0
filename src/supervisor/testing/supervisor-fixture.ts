import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { LogConfiguration, LogDriver } from "../../logs/index.ts";
import { readLogs } from "../../logs/index.ts";
import { processPaths } from "../process-paths.ts";
import type { ProcessExit, ProcessRequest } from "../supervisor.ts";
import { SupervisorClient } from "../supervisor-client.ts";

export interface RunOptions {
  tty?: boolean;
  openStdin?: boolean;
  stdinOnce?: boolean;
  consoleSize?: [number, number];
  log?: LogDriver;
}

/** A supervisor of its own with containers of busybox alone, by the real crun. */
export class SupervisorFixture {
  readonly root = mkdtempSync(join(tmpdir(), "supervisor-test-"));
  readonly execRoot: string;
  readonly exits = new Map<string, ProcessExit>();
  readonly command: string[];
  client: SupervisorClient;
  #waiting: (() => void)[] = [];

  /** `depth` makes the exec root's path longer. */
  constructor(depth = 0) {
    this.execRoot = join(this.root, ...Array.from({ length: depth }, () => "d".repeat(40)), "run");
    const main = join(import.meta.dir, "serve-supervisor.ts");
    this.command = [process.execPath, main, this.execRoot];
    this.client = this.newClient();
  }

  /** As another daemon would: exits are told to the fixture. */
  newClient(): SupervisorClient {
    const client = new SupervisorClient({ execRoot: this.execRoot, command: this.command });
    client.onExit((exit) => {
      this.exits.set(exit.id, exit);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    return client;
  }

  async exitOf(id: string): Promise<ProcessExit> {
    for (;;) {
      const exit = this.exits.get(id);
      if (exit !== undefined) return exit;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** A request that runs a shell script in a new container. */
  container(id: string, script: string, options: RunOptions = {}): ProcessRequest {
    const bundle = this.#makeBundle(id, script, options);
    const paths = processPaths(this.execRoot, id);
    const console = options.tty === true ? ["--console-socket", paths.consoleSocket] : [];
    const argv = [...this.#runtime(paths.runtimeLog), "run", "-d", "--bundle", bundle];
    return {
      ...this.#request(id, [...argv, "--pid-file", paths.pidFile, ...console, id], options),
      log: this.#log(id, options.log ?? "local"),
    };
  }

  /** A request that runs a shell script in a running container. */
  exec(id: string, container: string, script: string, options: RunOptions = {}): ProcessRequest {
    const paths = processPaths(this.execRoot, id);
    const console = options.tty === true ? ["--tty", "--console-socket", paths.consoleSocket] : [];
    const argv = [...this.#runtime(paths.runtimeLog), "exec", "-d", "--pid-file", paths.pidFile];
    const command = ["/bin/sh", "-c", script];
    return this.#request(id, [...argv, ...console, container, ...command], options);
  }

  #request(id: string, argv: string[], options: RunOptions): ProcessRequest {
    const { tty = false, openStdin = false, stdinOnce = false, consoleSize } = options;
    return {
      id,
      argv,
      tty,
      openStdin,
      stdinOnce,
      ...(consoleSize === undefined ? {} : { consoleSize }),
    };
  }

  #runtime(log: string): string[] {
    const options = ["--cgroup-manager=disabled", "--root", join(this.root, "crun")];
    return ["/usr/bin/crun", ...options, "--log", log, "--log-format", "json"];
  }

  #log(id: string, driver: LogDriver): LogConfiguration {
    const identity = {
      containerId: id,
      containerName: id,
      imageId: "",
      imageName: "busybox",
      created: "",
      entrypoint: "sh",
      args: [],
      env: [],
      labels: {},
    };
    return { driver, directory: this.logDirectory(id), options: {}, identity };
  }

  logDirectory(id: string): string {
    return join(this.root, "containers", id);
  }

  async readLog(id: string, driver: LogDriver = "local"): Promise<string> {
    const options = {
      follow: false,
      stdout: true,
      stderr: true,
      timestamps: false,
      details: false,
    };
    const signal = new AbortController().signal;
    const chunks: Uint8Array[] = [];
    const log = { driver, options: {} };
    for await (const chunk of readLogs(
      this.logDirectory(id),
      log,
      { ...options, tty: true },
      signal,
    )) {
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  }

  #makeBundle(id: string, script: string, { tty = false, consoleSize }: RunOptions): string {
    const bundle = join(this.root, "bundles", id);
    const rootfs = join(bundle, "rootfs");
    for (const folder of ["bin", "proc", "dev", "tmp"])
      mkdirSync(join(rootfs, folder), { recursive: true });
    copyFileSync("/bin/busybox", join(rootfs, "bin/busybox"));
    copyFileSync("/bin/busybox", join(rootfs, "bin/sh"));
    const spec = {
      ociVersion: "1.0.2",
      process: {
        terminal: tty,
        ...(consoleSize && { consoleSize: { height: consoleSize[0], width: consoleSize[1] } }),
        user: { uid: 0, gid: 0 },
        args: ["/bin/sh", "-c", script],
        env: ["PATH=/bin"],
        cwd: "/",
      },
      root: { path: "rootfs" },
      hostname: "test",
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/dev", type: "tmpfs", source: "tmpfs" },
        {
          destination: "/dev/pts",
          type: "devpts",
          source: "devpts",
          options: ["newinstance", "ptmxmode=0666"],
        },
      ],
      linux: { namespaces: ["pid", "mount", "ipc", "uts"].map((type) => ({ type })) },
    };
    writeFileSync(join(bundle, "config.json"), JSON.stringify(spec));
    return bundle;
  }

  /** The supervisor that answers now. */
  supervisorPid(): number {
    return Number(readFileSync(join(this.execRoot, "supervisor.pid"), "utf8"));
  }

  async tearDown(): Promise<void> {
    const client = this.newClient();
    for (const { pid, state } of await client.processes()) {
      if (state === "running") killQuietly(pid);
    }
    const supervisor = this.supervisorPid();
    await client.close();
    await this.client.close();
    killQuietly(supervisor);
    rmSync(this.root, { recursive: true, force: true });
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

/** Everything that a stream brings. */
export async function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The payload of Docker's frames, by stream. */
export function splitFrames(bytes: Buffer): { stdout: string; stderr: string } {
  const parts: Record<number, Buffer[]> = { 1: [], 2: [] };
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    parts[bytes[at] ?? 0]?.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return {
    stdout: Buffer.concat(parts[1] ?? []).toString(),
    stderr: Buffer.concat(parts[2] ?? []).toString(),
  };
}
