import { chmodSync, constants, mkdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { close, open, tryLock } from "../linux/file.ts";
import { becomeSubreaper } from "../linux/process.ts";
import { listenUnix, pathInDirectory } from "../linux/unix-socket.ts";
import { adoptProcesses } from "./adopt-processes.ts";
import { type Handover, handOver, loadHandover, restore } from "./handover.ts";
import { READY_LINE, SOCKET_NAME } from "./supervisor-place.ts";
import { SupervisorServer } from "./supervisor-server.ts";

/** Time for a daemon that restarts. */
const IDLE_GRACE_MS = 5000;

export interface SupervisorOptions {
  execRoot: string;
  /** How long it stays without anything to do, in milliseconds. */
  idleGrace?: number;
}

/**
 * `berth supervisor --exec-root DIR`: serves until it holds nothing and no daemon is connected. One at a
 * time; it takes over what one before it has left. Resolves when it serves.
 */
export async function runSupervisor({
  execRoot,
  idleGrace = IDLE_GRACE_MS,
}: SupervisorOptions): Promise<void> {
  mkdirSync(execRoot, { recursive: true, mode: 0o711 });
  const handover = loadHandover(execRoot);
  const lock = handover?.lock ?? (await takeLock(join(execRoot, "supervisor.lock")));
  becomeSubreaper();
  writeFileSync(join(execRoot, "supervisor.pid"), String(process.pid));
  const listener = handover?.listener ?? listen(execRoot);
  const server: SupervisorServer = new SupervisorServer({
    execRoot,
    listener,
    idleGrace,
    onIdle: () => leave(execRoot),
    upgrade: (command, answer) => handOver(server, { execRoot, lock, command, answer }),
  });
  surviveSignals(server, execRoot);
  await takeOver(server, execRoot, handover);
  server.start();
  announce();
}

async function takeOver(
  server: SupervisorServer,
  execRoot: string,
  handover: Handover | undefined,
): Promise<void> {
  if (handover === undefined) await adoptProcesses(server, execRoot);
  else restore(server, handover);
}

/** One that is just about to end may still have it; one that serves keeps it, and is the one to talk to. */
async function takeLock(path: string): Promise<number> {
  const ATTEMPTS = 200;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const lock = tryLock(path);
    if (lock !== undefined) return lock;
    await Bun.sleep(10);
  }
  throw new Error(`Cannot lock "${path}": another supervisor has it`);
}

function listen(execRoot: string): number {
  const path = join(execRoot, SOCKET_NAME);
  rmSync(path, { force: true });
  const directory = open(execRoot, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const listener = listenUnix(pathInDirectory(directory, SOCKET_NAME));
    chmodSync(path, 0o600);
    return listener;
  } finally {
    close(directory);
  }
}

/** The end of a session or a terminal is not ours; SIGTERM is heeded as soon as nothing is held. */
function surviveSignals(server: SupervisorServer, execRoot: string): void {
  for (const signal of ["SIGHUP", "SIGINT"] as const) process.on(signal, () => {});
  process.on("SIGTERM", () => {
    if (server.processes.size === 0) leave(execRoot);
  });
}

/** The socket goes first, so that nobody connects to one that ends. */
function leave(execRoot: string): void {
  rmSync(join(execRoot, SOCKET_NAME), { force: true });
  process.exit(0);
}

function announce(): void {
  try {
    writeSync(1, READY_LINE);
  } catch {
    // Nobody waits for it.
  }
}
