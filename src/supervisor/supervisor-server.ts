import { join } from "node:path";
import { Poller, Ready } from "../linux/poller.ts";
import { type ChildExit, processStartTime } from "../linux/process.ts";
import { acceptUnix } from "../linux/unix-socket.ts";
import { conflict, EngineError, notFound } from "../spec/index.ts";
import { type AttachedTo, Attachment } from "./attachment.ts";
import { ChildReaper } from "./child-reaper.ts";
import { ControlConnection } from "./control-connection.ts";
import { ManagedProcess } from "./managed-process.ts";
import { ProcessStore } from "./process-store.ts";
import {
  type ControlRequest,
  encodeLine,
  type Hello,
  LineDecoder,
  PROTOCOL_VERSION,
  type Welcome,
  type WitnessedExit,
} from "./protocol.ts";
import { SocketConnection } from "./socket-connection.ts";
import { startProcess } from "./start-process.ts";
import type { ProcessRequest } from "./supervisor.ts";
import { lendTerminal, regainTerminal } from "./terminal-exchange.ts";

export interface SupervisorServerOptions {
  execRoot: string;
  /** A listening socket; owned from now on. */
  listener: number;
  /** Milliseconds. */
  idleGrace: number;
  /** Called, after `idleGrace`, when nothing is held and no daemon is connected. */
  onIdle(): void;
  /** Replaces the program; returns only by throwing. */
  upgrade(command: readonly string[], answer: { connection: ControlConnection; id: number }): void;
}

/** For a process that ended while neither supervisor nor daemon lived to see it. */
export const UNKNOWN_EXIT_CODE = 255;

/** Serves the protocol: see protocol.ts. */
export class SupervisorServer implements AttachedTo {
  readonly poller: Poller;
  readonly reaper = new ChildReaper((exit) => this.#storeEarlyEnd(exit));
  readonly processes = new Map<string, ManagedProcess>();
  readonly controls = new Set<ControlConnection>();
  /** Attachments to processes that have not been started yet. */
  readonly waiting = new Map<string, Set<Attachment>>();
  readonly #options: SupervisorServerOptions;
  readonly #starts = new Map<string, Promise<{ pid: number }>>();
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SupervisorServerOptions) {
    this.#options = options;
    this.poller = new Poller((error) => console.error(error));
  }

  get listener(): number {
    return this.#options.listener;
  }

  start(): void {
    this.reaper.start();
    this.poller.add(this.#options.listener, Ready.readable, () => this.#accept());
    this.checkIdle();
  }

  storeOf(id: string): ProcessStore {
    return new ProcessStore(join(this.#options.execRoot, "processes", id));
  }

  newProcess(request: ProcessRequest): ManagedProcess {
    const hasDaemon = (): boolean => this.controls.size > 0;
    return new ManagedProcess(this.poller, this.storeOf(request.id), request, hasDaemon);
  }

  /** A process that is held from before; its exit is told when it comes. */
  hold(managed: ManagedProcess): void {
    this.processes.set(managed.id, managed);
  }

  /** A process that is our child is reaped by us. */
  awaitChild(managed: ManagedProcess): void {
    managed.isChild = true;
    this.reaper.wait(managed.pid, (exitCode) => this.processEnded(managed, exitCode));
    if (processStartTime(managed.pid) !== undefined) return;
    // Gone from the process table: reaped by us just now, or by a runtime that waited for it itself.
    this.reaper.reap();
    this.processEnded(managed, UNKNOWN_EXIT_CODE);
  }

  /** A process has ended, with that code. Idempotent. */
  processEnded(managed: ManagedProcess, exitCode: number): void {
    if (managed.state === "exited") return;
    const exit = managed.ended(exitCode);
    for (const control of this.controls) control.tell({ event: "exit", exit });
  }

  /** A process that ends before its runtime does: our successor could not learn how. */
  #storeEarlyEnd(exit: ChildExit): void {
    for (const { state, store } of this.processes.values()) {
      if (state === "starting" && store.readPid() === exit.pid) store.saveEarlyEnd(exit);
    }
  }

  #accept(): void {
    for (;;) {
      const fd = acceptUnix(this.#options.listener);
      if (fd === undefined) return;
      this.#awaitHello(fd);
    }
  }

  #awaitHello(fd: number): void {
    const decoder = new LineDecoder();
    const connection: SocketConnection = new SocketConnection(this.poller, fd, {
      onData: (bytes) => {
        decoder.push(bytes);
        const hello = decoder.next() as Hello | undefined;
        if (hello !== undefined) this.#welcome(connection, decoder, hello);
      },
      onEnd: () => connection.destroy(),
      onClose: () => {},
    });
    connection.read(true);
  }

  #welcome(connection: SocketConnection, decoder: LineDecoder, hello: Hello): void {
    connection.read(false);
    switch (hello.hello) {
      case "control":
        this.#settleLost(hello.exits);
        connection.write(encodeLine(this.#controlWelcome()));
        this.addControl(connection, decoder);
        return;
      case "attach": {
        const welcome: Welcome = { welcome: "attach" };
        connection.write(encodeLine(welcome));
        this.attach(hello.id, new Attachment(connection, hello.options, this));
        return;
      }
      case "take-terminal":
        lendTerminal(connection, this.processes.get(hello.id)?.master);
        return;
      case "give-terminal":
        regainTerminal(this.poller, connection, this.processes.get(hello.id));
    }
  }

  #controlWelcome(): Welcome {
    const running = [...this.processes.values()].filter(({ state }) => state === "running");
    return {
      welcome: "control",
      version: PROTOCOL_VERSION,
      pid: process.pid,
      processes: running.map((managed) => managed.running()),
    };
  }

  addControl(connection: SocketConnection, decoder: LineDecoder): ControlConnection {
    const control: ControlConnection = new ControlConnection(
      connection,
      decoder,
      (request) => this.#handle(request, control),
      () => {
        this.controls.delete(control);
        this.checkIdle();
      },
    );
    this.controls.add(control);
    this.checkIdle();
    for (const { exit } of this.processes.values()) {
      if (exit !== undefined) control.tell({ event: "exit", exit });
    }
    return control;
  }

  attach(id: string, attachment: Attachment): void {
    const managed = this.processes.get(id);
    if (managed !== undefined) managed.attach(attachment);
    else {
      const waiting = this.waiting.get(id) ?? new Set();
      this.waiting.set(id, waiting.add(attachment));
      this.checkIdle();
    }
  }

  /** Ends of processes that nobody but the daemon has seen; those not even it has seen are unknown. */
  #settleLost(exits: readonly WitnessedExit[]): void {
    for (const managed of this.processes.values()) {
      if (!managed.isLost) continue;
      const seen = exits.find(({ id, pid }) => id === managed.id && pid === managed.pid);
      this.processEnded(managed, seen?.exitCode ?? UNKNOWN_EXIT_CODE);
    }
  }

  #handle(request: ControlRequest, control: ControlConnection): unknown {
    switch (request.method) {
      case "start":
        return this.#start(request.params.request);
      case "resize":
        return this.#resize(request.params.id, request.params.rows, request.params.columns);
      case "processes":
        return [...this.processes.values()].map((managed) => managed.record());
      case "forget":
        return this.#forget(request.params.id);
      case "upgrade":
        return this.#upgrade(request.params.command, { connection: control, id: request.id });
    }
  }

  #start(request: ProcessRequest): Promise<{ pid: number }> {
    // A client that lost the connection meanwhile asks again.
    const known = this.#starts.get(request.id);
    if (known !== undefined) return known;
    if (this.processes.has(request.id)) {
      throw new EngineError(
        "already-exists",
        `Cannot start "${request.id}": it is started already`,
      );
    }
    const starting = this.#run(request).finally(() => this.#starts.delete(request.id));
    this.#starts.set(request.id, starting);
    return starting;
  }

  async #run(request: ProcessRequest): Promise<{ pid: number }> {
    const managed = this.newProcess(request);
    this.processes.set(request.id, managed);
    for (const attachment of this.waiting.get(request.id) ?? []) managed.attach(attachment);
    this.waiting.delete(request.id);
    try {
      await startProcess(managed, this.reaper, () => this.awaitChild(managed));
      return { pid: managed.pid };
    } catch (error) {
      this.processes.delete(request.id);
      this.checkIdle();
      throw error;
    }
  }

  #resize(id: string, rows: number, columns: number): void {
    const managed = this.processes.get(id);
    if (managed?.state !== "running") throw notFound(`Cannot resize "${id}": it does not run`);
    managed.resize(rows, columns);
  }

  #forget(id: string): void {
    const managed = this.processes.get(id);
    if (managed === undefined) return;
    if (managed.state !== "exited") throw conflict(`Cannot forget "${id}": it runs`);
    managed.store.remove();
    this.processes.delete(id);
    this.checkIdle();
  }

  async #upgrade(
    command: readonly string[],
    answer: { connection: ControlConnection; id: number },
  ): Promise<never> {
    // Starts end first; the turn after lets their answers out.
    do {
      await Promise.allSettled(this.#starts.values());
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#starts.size > 0);
    this.#options.upgrade(command, answer);
    throw new EngineError("internal", "Cannot upgrade the supervisor: it is still the old one");
  }

  /** AttachedTo, for attachments that still wait: nothing is read from them yet. */
  takeInput(): void {}
  drained(): void {}
  endInput(): void {}

  leave(attachment: Attachment): void {
    for (const [id, waiting] of this.waiting) {
      if (waiting.delete(attachment) && waiting.size === 0) this.waiting.delete(id);
    }
    this.checkIdle();
  }

  checkIdle(): void {
    const isIdle = this.processes.size === 0 && this.controls.size === 0 && this.waiting.size === 0;
    if (!isIdle) {
      clearTimeout(this.#idle);
      this.#idle = undefined;
    } else this.#idle ??= setTimeout(() => this.#options.onIdle(), this.#options.idleGrace);
  }
}
