import { readdirSync, readFileSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { Errno, isErrno } from "../linux/errno.ts";
import { type Memfd, sealedCopy } from "../linux/memfd.ts";
import { BPF_ANNOTATION } from "./bpf-annotation.ts";
import type { ProbedRuntime } from "./probe-runtime.ts";

export interface RunOptions {
  id: string;
  /** Folder with `config.json`. */
  bundle: string;
  pidFile: string;
  /** Given for a tty: the runtime connects and sends the pty's master. */
  consoleSocket?: string;
  /** The runtime writes here why it fails; for `classifyStartFailure`. */
  log: string;
}

export interface ExecOptions {
  /** The container's id. */
  id: string;
  /** File with the process object of `createExecProcess`. */
  processFile: string;
  pidFile: string;
  consoleSocket?: string;
  log: string;
}

export interface OciRuntimeOptions {
  probe: ProbedRuntime;
  /** `--root`: the runtime keeps a folder per container in it. */
  stateRoot: string;
  /** Cgroup paths are `slice:prefix:name`. */
  systemdCgroup?: boolean;
}

/** Builds the argv of an OCI runtime, and clears up what a container leaves in its state folder. */
export class OciRuntime {
  readonly probe: ProbedRuntime;
  readonly stateRoot: string;
  /** Does it take a compiled seccomp program in place of a profile? */
  readonly takesBpf: boolean;
  /** Does it map the owners of a single mount? Others ignore the option without a word. */
  readonly mapsOwners: boolean;
  readonly #systemdCgroup: boolean;
  /**
   * crun copies itself into sealed memory at each start, so that no container can write to it; running
   * from such memory in the first place spares the copy, a seventh of its time.
   */
  readonly #sealed: Memfd | undefined;

  constructor(options: OciRuntimeOptions) {
    this.probe = options.probe;
    this.stateRoot = options.stateRoot;
    this.mapsOwners = options.probe.kind === "crun";
    this.#systemdCgroup = options.systemdCgroup ?? false;
    this.#sealed = options.probe.kind === "crun" ? sealedCopy(options.probe.path) : undefined;
    this.takesBpf = this.#sealed !== undefined && knowsBpf(this.#sealed.path);
  }

  /**
   * Creates and starts; ends when the process runs. argv[0] is an absolute path, good while this process
   * lives; the environment is the engine's own business and does not reach the container.
   */
  runCommand(options: RunOptions): string[] {
    return [
      ...this.#start(options.log),
      "run",
      "--detach",
      "--bundle",
      options.bundle,
      "--pid-file",
      options.pidFile,
      ...consoleArguments(options.consoleSocket),
      options.id,
    ];
  }

  /** Starts a process in a running container; ends when it runs. */
  execCommand(options: ExecOptions): string[] {
    return [
      ...this.#start(options.log),
      "exec",
      "--detach",
      "--process",
      options.processFile,
      "--pid-file",
      options.pidFile,
      ...consoleArguments(options.consoleSocket),
      options.id,
    ];
  }

  /** The runtime's own deletion, for what `deleteState` does not know about. Kills what still runs. */
  deleteCommand(id: string): string[] {
    return [
      this.probe.path,
      "--root",
      this.stateRoot,
      ...this.#cgroupArguments(),
      "delete",
      "--force",
      id,
    ];
  }

  /**
   * Removes the runtime's state of a container whose processes are gone, which spares starting the runtime;
   * cgroups are `Cgroup.remove()`'s. Idempotent.
   */
  async deleteState(id: string): Promise<void> {
    const folder = join(this.stateRoot, id);
    try {
      for (const name of readdirSync(folder)) unlinkSync(join(folder, name));
      rmdirSync(folder);
    } catch (error) {
      if (isErrno(error, Errno.ENOENT)) return;
      if (!isErrno(error, Errno.EISDIR, Errno.EPERM, Errno.ENOTEMPTY)) throw error;
      await this.#deleteByRuntime(id);
    }
  }

  /** Gives back the runtime's copy in memory; argv made before does not run after. */
  close(): void {
    this.#sealed?.close();
  }

  async #deleteByRuntime(id: string): Promise<void> {
    const child = Bun.spawn(this.deleteCommand(id), {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
      timeout: 30_000,
    });
    const text = await new Response(child.stderr).text();
    if ((await child.exited) !== 0 && !text.includes("does not exist")) {
      throw new Error(`Cannot delete the runtime's state of "${id}": ${text.trim()}`);
    }
  }

  #cgroupArguments(): string[] {
    return this.#systemdCgroup ? ["--systemd-cgroup"] : [];
  }

  #start(log: string): string[] {
    return [
      this.#sealed?.path ?? this.probe.path,
      "--root",
      this.stateRoot,
      "--log",
      log,
      "--log-format",
      // What goes wrong after the program has taken over crun says on the program's own stderr.
      this.probe.kind === "crun" ? "text" : "json",
      ...this.#cgroupArguments(),
    ];
  }
}

/** An older crun would pass over the annotation, and run the container without a filter. */
const knowsBpf = (program: string): boolean => readFileSync(program).includes(BPF_ANNOTATION);

const consoleArguments = (socket: string | undefined): string[] =>
  socket === undefined ? [] : ["--console-socket", socket];
