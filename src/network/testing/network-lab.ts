import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TCPSocketListener } from "bun";
import {
  closeNamespace,
  createNetworkNamespace,
  enterNetworkNamespace,
  inNetworkNamespace,
  openNetworkNamespace,
  unshareNetworkNamespace,
} from "../../linux/namespace.ts";

/** Runs a program to its end and gives its output; throws what it says when it fails. */
export function run(...command: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  return stdout.toString();
}

/**
 * A host of its own for a test: the calling thread moves into a new network namespace, with loopback, a
 * link `up0` (198.51.100.1/24, fd51::1/64) and behind it another namespace, the outside (… .2, …::2).
 * `close` brings the thread home.
 */
export class NetworkLab {
  static readonly HOST = "198.51.100.1";
  static readonly OUTSIDE = "198.51.100.2";

  readonly execRoot = mkdtempSync(join(tmpdir(), "network-lab-"));
  readonly outside: number;
  readonly #home = openNetworkNamespace("/proc/thread-self/ns/net");
  readonly #listeners: TCPSocketListener<undefined>[] = [];
  readonly #kept: number[] = [];

  constructor() {
    unshareNetworkNamespace();
    run("ip", "link", "set", "lo", "up");
    this.outside = createNetworkNamespace(() => undefined).fd;
    const outside = this.path(this.outside);
    run("ip", "link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", outside);
    const both = (commands: (link: string, ipv4: string, ipv6: string) => string) => {
      run("sh", "-c", commands("up0", NetworkLab.HOST, "fd51::1"));
      this.inside(this.outside, "sh", "-c", commands("eth0", NetworkLab.OUTSIDE, "fd51::2"));
    };
    // Without duplicate address detection, and up before they get addresses: usable at once.
    both((link) => `echo 0 > /proc/sys/net/ipv6/conf/${link}/accept_dad; ip link set ${link} up`);
    both(
      (link, ipv4, ipv6) =>
        `ip addr add ${ipv4}/24 dev ${link}; ip addr add ${ipv6}/64 dev ${link} nodad`,
    );
    this.inside(this.outside, "ip", "link", "set", "lo", "up");
  }

  /** A file descriptor of a namespace, which stays until `close`. */
  keep(path: string | undefined): number {
    const fd = openNetworkNamespace(path ?? "no namespace");
    this.#kept.push(fd);
    return fd;
  }

  /** For other programs. */
  path(fd: number): string {
    return `/proc/${process.pid}/fd/${fd}`;
  }

  /** Runs a program inside of a namespace. */
  inside(fd: number, ...command: string[]): string {
    return run("nsenter", `--net=${this.path(fd)}`, ...command);
  }

  /** A TCP server inside of a namespace that tells each client its address. */
  greet(fd: number | undefined, hostname: string, port: number): void {
    const listen = () =>
      Bun.listen({
        hostname,
        port,
        socket: {
          open(socket) {
            socket.end(`hello ${socket.remoteAddress}\n`);
          },
          data() {},
        },
      });
    this.#listeners.push(fd === undefined ? listen() : inNetworkNamespace(fd, listen));
  }

  /** What a server says to a client in a namespace; undefined when nothing comes in time. */
  async ask(
    fd: number | undefined,
    host: string,
    port: number,
    milliseconds = 4000,
  ): Promise<string | undefined> {
    const enter = fd === undefined ? [] : ["nsenter", `--net=${this.path(fd)}`];
    const client = Bun.spawn([...enter, "busybox", "nc", host, String(port)], {
      stdin: "ignore",
      stderr: "ignore",
    });
    const timer = setTimeout(() => client.kill("SIGKILL"), milliseconds);
    const answer = await client.stdout.text();
    await client.exited;
    clearTimeout(timer);
    return answer === "" ? undefined : answer.trim();
  }

  close(): void {
    for (const listener of this.#listeners) listener.stop(true);
    for (const fd of [this.outside, ...this.#kept]) closeNamespace(fd);
    enterNetworkNamespace(this.#home);
    closeNamespace(this.#home);
    rmSync(this.execRoot, { recursive: true });
  }
}

/** The port relay as a daemon would start it, from the sources; it ends soon after its last port. */
export function relayCommand(execRoot: string): string[] {
  const module = join(import.meta.dir, "../relay/port-relay.ts");
  const options = `execRoot: ${JSON.stringify(execRoot)}, lingerMs: 100`;
  const script = `const { runPortRelay } = await import(${JSON.stringify(module)});
    await runPortRelay({ ${options}, ready: () => process.stdout.write("ready\\n") });
    process.exit(0);`;
  return [process.execPath, "-e", script];
}
