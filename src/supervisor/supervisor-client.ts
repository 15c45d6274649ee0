import { constants, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { close, open } from "../linux/file.ts";
import { Poller } from "../linux/poller.ts";
import { pathInDirectory } from "../linux/unix-socket.ts";
import { EngineError, errorMessage } from "../spec/index.ts";
import { ControlSession, openConnection, SessionLost } from "./control-session.ts";
import { HeldProcess } from "./held-process.ts";
import { Orphans } from "./orphans.ts";
import { processPaths } from "./process-paths.ts";
import {
  type ControlMethod,
  type ControlMethods,
  PROTOCOL_VERSION,
  type RunningProcess,
} from "./protocol.ts";
import type {
  AttachOptions,
  ProcessExit,
  ProcessRecord,
  ProcessRequest,
  Supervisor,
} from "./supervisor.ts";
import { READY_LINE, SOCKET_NAME } from "./supervisor-place.ts";
import { giveTerminal, takeTerminal } from "./terminal-exchange.ts";

export interface SupervisorClientOptions {
  execRoot: string;
  /** How to start the supervisor: `[...selfCommand(), "supervisor", "--exec-root", execRoot]`. */
  command: readonly string[];
}

const RETRY_MS = 1000;
/** A request over which that many supervisors have died is given up. */
const MAX_ATTEMPTS = 5;

/**
 * The daemon's side of the supervisor. Register `onExit` before `connect`. When the supervisor dies, the
 * next one is started at once, and what was asked meanwhile is asked again.
 */
export class SupervisorClient implements Supervisor {
  readonly #options: SupervisorClientOptions;
  readonly #listeners: ((exit: ProcessExit) => void)[] = [];
  readonly #held = new Map<string, HeldProcess>();
  readonly #orphans: Orphans;
  #session: ControlSession | undefined;
  #connecting: Promise<ControlSession> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #directory: number | undefined;
  #poller: Poller | undefined;
  readonly #keeping = new Set<Promise<void>>();
  #closed = false;

  constructor(options: SupervisorClientOptions) {
    this.#options = options;
    this.#orphans = new Orphans(options.execRoot);
  }

  /** Connects, starting the supervisor where none answers; resolves when it answers. */
  async connect(): Promise<void> {
    await this.#ensureSession();
  }

  async start(request: ProcessRequest): Promise<{ pid: number }> {
    const { id, tty, openStdin, stdinOnce } = request;
    // A process of that id is held already: the supervisor refuses another.
    if (this.#held.has(id)) return await this.#request("start", { request });
    const held = this.#newHeld({ id, tty, keepsStdin: openStdin && !stdinOnce && !tty });
    try {
      const started = await this.#startHeld(request, held);
      this.#watch(id, held, started.pid);
      return started;
    } catch (error) {
      if (this.#held.get(id) === held) this.#release(id);
      throw error;
    }
  }

  async #startHeld(request: ProcessRequest, held: HeldProcess): Promise<{ pid: number }> {
    for (let attempt = 1; ; attempt++) {
      const session = await this.#ensureSession();
      held.prepare();
      try {
        return await session.request("start", { request });
      } catch (error) {
        if (!(error instanceof SessionLost) || attempt === MAX_ATTEMPTS) throw error;
      }
      // The supervisor died over it: its successor knows whether the process came to be.
      const record = (await this.processes()).find(({ id }) => id === request.id);
      if (record !== undefined) return { pid: record.pid };
    }
  }

  async attach(id: string, options: AttachOptions): Promise<Duplex> {
    await this.#ensureSession();
    const hello = { hello: "attach" as const, id, options };
    const { socket, rest } = await this.#open(hello).catch(async () => {
      // It has died since.
      await this.#ensureSession();
      return await this.#open(hello);
    });
    if (rest.length > 0) socket.unshift(rest);
    // After the end of the output, input has nowhere to go.
    socket.once("end", () => socket.end());
    socket.on("error", () => {});
    return socket;
  }

  async resize(id: string, rows: number, columns: number): Promise<void> {
    await this.#request("resize", { id, rows, columns });
  }

  async processes(): Promise<ProcessRecord[]> {
    return await this.#request("processes", null);
  }

  async forget(id: string): Promise<void> {
    await this.#request("forget", { id });
    this.#release(id);
    this.#orphans.reap();
  }

  onExit(listener: (exit: ProcessExit) => void): void {
    this.#listeners.push(listener);
  }

  /** Puts another version of the supervisor in the place of the running one, which keeps all it holds. */
  async upgrade(): Promise<void> {
    await this.#upgrade(await this.#ensureSession());
  }

  async #upgrade(session: ControlSession): Promise<void> {
    await session.request("upgrade", { command: [...this.#options.command] });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#session?.close();
    await this.#connecting?.then(
      (session) => session.close(),
      () => {},
    );
    await Promise.all(this.#keeping);
    for (const id of [...this.#held.keys()]) this.#release(id);
    this.#poller?.close();
    if (this.#directory !== undefined) close(this.#directory);
    this.#directory = undefined;
  }

  /** All but `start` may be asked twice. */
  async #request<Method extends ControlMethod>(
    method: Method,
    params: ControlMethods[Method]["params"],
  ): Promise<ControlMethods[Method]["result"]> {
    for (let attempt = 1; ; attempt++) {
      const session = await this.#ensureSession();
      try {
        return await session.request(method, params);
      } catch (error) {
        if (!(error instanceof SessionLost) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  async #ensureSession(): Promise<ControlSession> {
    if (this.#closed) throw new EngineError("unavailable", "Cannot reach the supervisor: closed");
    if (this.#session !== undefined) return this.#session;
    this.#connecting ??= this.#establish().finally(() => {
      this.#connecting = undefined;
    });
    return await this.#connecting;
  }

  async #establish(): Promise<ControlSession> {
    const exits = [...this.#held.values()].flatMap((held) => held.witness() ?? []);
    const hello = { hello: "control" as const, exits };
    const { socket, welcome, rest } = await this.#openOrStart(hello);
    const session: ControlSession = new ControlSession(socket, rest, {
      onEvent: ({ exit }) => this.#tellExit(exit),
      onClosed: () => this.#lost(session),
    });
    if (welcome.welcome === "control") {
      if (welcome.version !== PROTOCOL_VERSION) await this.#upgrade(session);
      for (const running of welcome.processes) await this.#holdAgain(running);
    }
    this.#session = session;
    this.#orphans.reap();
    return session;
  }

  async #openOrStart(hello: Parameters<typeof openConnection>[1]) {
    try {
      return await this.#open(hello);
    } catch {
      await this.#startSupervisor();
    }
    try {
      return await this.#open(hello);
    } catch (error) {
      throw new EngineError("unavailable", `Cannot reach the supervisor: ${errorMessage(error)}`);
    }
  }

  #open(hello: Parameters<typeof openConnection>[1]): ReturnType<typeof openConnection> {
    return openConnection(this.#socketPath(), hello);
  }

  /** By descriptor: the exec root's length must not count against that of a socket's path. */
  #socketPath(): string {
    const { execRoot } = this.#options;
    mkdirSync(execRoot, { recursive: true, mode: 0o711 });
    this.#directory ??= open(execRoot, constants.O_RDONLY | constants.O_DIRECTORY);
    return pathInDirectory(this.#directory, SOCKET_NAME);
  }

  /** A process of its own session, so that nothing that ends the daemon ends it. */
  async #startSupervisor(): Promise<void> {
    const { command, execRoot } = this.#options;
    this.#orphans.expect();
    const log = openSync(join(execRoot, "supervisor.log"), "a", 0o600);
    try {
      const child = Bun.spawn([...command], {
        cwd: "/",
        detached: true,
        stdin: "ignore",
        stdout: "pipe",
        stderr: log,
      });
      child.unref();
      const reader = child.stdout.getReader();
      const { value } = await reader.read();
      await reader.cancel();
      if (value === undefined || new TextDecoder().decode(value) !== READY_LINE) {
        throw new EngineError(
          "unavailable",
          `Cannot start the supervisor: see "${join(execRoot, "supervisor.log")}"`,
        );
      }
    } finally {
      close(log);
    }
  }

  #lost(session: ControlSession): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#orphans.inherit();
    if (!this.#closed) this.#reconnect();
  }

  /** At once, and where that fails again after a while: exits must be heard of. */
  #reconnect(): void {
    this.#ensureSession().catch((error: unknown) => {
      if (this.#closed) return;
      console.error(errorMessage(error));
      this.#retry = setTimeout(() => this.#reconnect(), RETRY_MS);
    });
  }

  #tellExit(exit: ProcessExit): void {
    this.#release(exit.id);
    for (const listener of this.#listeners) listener(exit);
  }

  #newHeld(process: { id: string; tty: boolean; keepsStdin: boolean }): HeldProcess {
    const { directory } = processPaths(this.#options.execRoot, process.id);
    const held = new HeldProcess({ ...process, directory });
    this.#held.set(process.id, held);
    return held;
  }

  #watch(id: string, held: HeldProcess, pid: number): void {
    held.hold(pid);
    if (!held.tty) return;
    // In the background: a tty that nobody keeps is hung up by the supervisor's death, no more.
    const keeping = this.#keepTerminal(id, held)
      .catch((error: unknown) => {
        console.error(`Cannot keep the terminal of "${id}": ${errorMessage(error)}`);
      })
      .finally(() => this.#keeping.delete(keeping));
    this.#keeping.add(keeping);
  }

  /** Before anybody attaches, a supervisor that has lost a tty gets it back. */
  async #holdAgain(running: RunningProcess): Promise<void> {
    const { id, pid } = running;
    const held = this.#held.get(id);
    if (running.lacksTerminal && held?.master !== undefined) {
      await giveTerminal(this.#poll(), this.#socketPath(), id, held.master);
    }
    if (held === undefined) this.#watch(id, this.#newHeld(running), pid);
  }

  async #keepTerminal(id: string, held: HeldProcess): Promise<void> {
    held.keepTerminal(await takeTerminal(this.#poll(), this.#socketPath(), id));
  }

  #poll(): Poller {
    this.#poller ??= new Poller((error) => console.error(error));
    return this.#poller;
  }

  #release(id: string): void {
    this.#held.get(id)?.release();
    this.#held.delete(id);
  }
}
