import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { checkAnswer } from "../api/check-answer.ts";
import { type HostState, leftBehind, readHostState } from "./host-state.ts";
import { TEST_ROOT_PREFIX } from "./sweep.ts";

const checkout = join(import.meta.dir, "../..");
/** The binary under test. */
export const BERTH = process.env["BERTH_BINARY"] ?? join(checkout, "dist/berth");

export interface Output {
  /** Exit code, or 128+n for a signal. */
  code: number;
  stdout: string;
  stderr: string;
}
export interface RunOptions {
  stdin?: string | Uint8Array;
  env?: Record<string, string>;
  cwd?: string;
  /** Milliseconds; afterwards SIGKILL. */
  timeout?: number;
}

/** Runs a program to its end and collects what it wrote. */
export async function run(command: string[], options: RunOptions = {}): Promise<Output> {
  const stdin = options.stdin === undefined ? "ignore" : Buffer.from(options.stdin);
  const child = Bun.spawn(command, {
    stdin,
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeout ?? 50_000);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(timer);
  return { code, stdout, stderr };
}

/** One line for a failed expectation. */
export function must(output: Output): Output {
  if (output.code !== 0) {
    throw new Error(`exit ${output.code}: ${output.stderr.trim()} ${output.stdout.trim()}`);
  }
  return output;
}

/** What tells the processes and cgroups of one test daemon from those of others on the host. */
const marks = (root: string) => ({ process: root, cgroup: basename(root) });

export interface Surroundings {
  /** Path of the network namespace that the daemon runs in. */
  namespace?: string;
  /** What the machine is called. */
  hostname?: string;
  env?: Record<string, string>;
}

export type Cli = (...args: (string | RunOptions)[]) => Promise<Output>;

/** A daemon of its own: data root, exec root, socket, bridge, cgroups. One for each test file. */
export class TestDaemon {
  readonly root: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly socket: string;
  readonly bridge: string;
  private readonly flags: string[];
  private readonly surroundings: Surroundings;
  private readonly before: HostState;
  private child: ReturnType<typeof Bun.spawn> | undefined;

  private constructor(
    root: string,
    flags: string[],
    surroundings: Surroundings,
    before: HostState,
  ) {
    this.root = root;
    this.flags = flags;
    this.surroundings = surroundings;
    this.before = before;
    this.dataRoot = join(root, "data");
    this.execRoot = join(root, "exec");
    this.socket = join(root, "berth.sock");
    this.bridge = `bt${process.pid}`;
  }

  static start(...flags: string[]): Promise<TestDaemon> {
    return TestDaemon.startWithin({}, ...flags);
  }

  /** A daemon that is not on this host, but in a network namespace that stands for another one. */
  static async startWithin(surroundings: Surroundings, ...flags: string[]): Promise<TestDaemon> {
    const root = await mkdtemp(TEST_ROOT_PREFIX);
    const before = await readHostState(marks(root));
    const daemon = new TestDaemon(root, flags, surroundings, before);
    await mkdir(join(root, "home"));
    await daemon.up();
    return daemon;
  }

  /** Starts the daemon process, which is how a test brings it back after `kill`. */
  async up(): Promise<void> {
    const log = Bun.file(join(this.root, "daemon.log"));
    const places = ["--data-root", this.dataRoot, "--exec-root", this.execRoot, "-H", this.host];
    const names = ["--bridge", this.bridge, "--cgroup-parent", `/${marks(this.root).cgroup}`];
    const { namespace, hostname, env } = this.surroundings;
    const enter = namespace === undefined ? [] : ["nsenter", `--net=${namespace}`];
    const called =
      hostname === undefined
        ? []
        : ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', hostname];
    const command = [...called, ...enter, BERTH, "daemon", ...places, ...names];
    this.child = Bun.spawn([...command, ...this.flags], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: log,
      env: { ...process.env, HOME: join(this.root, "home"), ...env },
    });
    for (let attempt = 0; attempt < 400; attempt++) {
      if (await this.answers()) return;
      if (this.child.exitCode !== null) break;
      await Bun.sleep(10);
    }
    throw new Error(`The daemon does not answer: ${await this.log()}`);
  }

  private async answers(): Promise<boolean> {
    try {
      return (await fetch("http://berth/_ping", { unix: this.socket })).ok;
    } catch {
      return false;
    }
  }

  get host(): string {
    return `unix://${this.socket}`;
  }

  get pid(): number {
    if (this.child === undefined) throw new Error("The daemon is not running");
    return this.child.pid;
  }

  log(): Promise<string> {
    return readFile(join(this.root, "daemon.log"), "utf8");
  }

  /** SIGKILL, as if the machine's memory had run out. */
  async kill(): Promise<void> {
    this.child?.kill("SIGKILL");
    await this.child?.exited;
  }

  /** SIGTERM: the daemon ends, containers stay. */
  async terminate(): Promise<void> {
    this.child?.kill("SIGTERM");
    await this.child?.exited;
  }

  async killAndRestart(): Promise<void> {
    await this.kill();
    await this.up();
  }

  /** The pid of the supervisor, found by its command line. */
  async supervisorPid(): Promise<number> {
    for (const pid of await readdir("/proc")) {
      const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      if (command.includes("\0supervisor\0") && command.includes(this.execRoot)) return Number(pid);
    }
    throw new Error("No supervisor is running");
  }

  private cli(program: string): Cli {
    return (...parts) => {
      const args = parts.filter((part): part is string => typeof part === "string");
      const options = parts.find((part): part is RunOptions => typeof part === "object") ?? {};
      const env = { HOME: join(this.root, "home"), ...options.env };
      return run([program, "-H", this.host, ...args], { ...options, env });
    };
  }

  /** `await daemon.berth("ps", "-a")`; an object among the arguments holds RunOptions. */
  readonly berth: Cli = (...parts) => this.cli(BERTH)(...parts);
  /** The real docker CLI against the same daemon. */
  readonly docker: Cli = (...parts) => this.cli("docker")(...parts);

  /** What was wrong with the answers to `api`, by the API's definition. */
  readonly complaints: string[] = [];

  /** A raw API request. */
  async api(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`http://berth${path}`, { ...init, unix: this.socket });
    const { headers, status } = response;
    // A stream has no length, and is not to be read ahead.
    if (headers.has("content-length") && headers.get("content-type") === "application/json") {
      const { method = "GET" } = init;
      const body = method === "HEAD" ? "" : await response.clone().text();
      this.complaints.push(...checkAnswer({ method, path, status, body }));
    }
    return response;
  }

  /** `busybox:latest` from the distribution's static busybox. */
  async importBusybox(): Promise<void> {
    const tar = Bun.spawnSync([join(checkout, "tools/busybox-image.sh")]).stdout;
    const changes = ['CMD ["sh"]', "ENV PATH=/bin:/sbin:/usr/bin:/usr/sbin"];
    const flags = changes.flatMap((change) => ["--change", change]);
    must(await this.berth("import", ...flags, "-", "busybox:latest", { stdin: tar }));
  }

  /** Ends everything; returns what is left on the host, which is to be nothing. */
  async stop(): Promise<string[]> {
    // A test may have stopped it already.
    const runs = this.child?.exitCode === null;
    const stopped = runs ? await this.berth("system", "stop", "--containers") : undefined;
    const timer = setTimeout(() => this.child?.kill("SIGKILL"), 15_000);
    await this.child?.exited;
    clearTimeout(timer);
    const left = await this.settled();
    if ((stopped?.code ?? 0) !== 0) left.push(`berth system stop: ${stopped?.stderr}`);
    if (left.length === 0) await rm(this.root, { recursive: true, force: true });
    return left;
  }

  /** What is left once the kernel has finished what it does in the background (bounded: 10 seconds, on a busy machine). */
  private async settled(): Promise<string[]> {
    let left: string[] = [];
    for (let attempt = 0; attempt < 100; attempt++) {
      left = leftBehind(this.before, await readHostState(marks(this.root)));
      if (left.length === 0) break;
      await Bun.sleep(100);
    }
    return left;
  }
}
