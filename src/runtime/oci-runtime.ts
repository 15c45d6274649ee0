import type { ProbedRuntime } from "./probe-runtime.ts";

export interface RunOptions {
  id: string;
  /** Folder with `config.json`. */
  bundle: string;
  pidFile: string;
  /** Given for a tty: the runtime connects and sends the pty's master. */
  consoleSocket?: string;
  /** The runtime writes JSON lines with `level` and `msg` here when it fails. */
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

/** Builds the argv of an OCI runtime, and clears up what a container leaves in its state folder. */
export class OciRuntime {
  readonly probe: ProbedRuntime;
  readonly #stateRoot: string;

  constructor(options: { probe: ProbedRuntime; stateRoot: string; systemdCgroup?: boolean }) {
    this.probe = options.probe;
    this.#stateRoot = options.stateRoot;
  }

  /** Creates and starts; ends when the process runs. argv[0] is an absolute path. */
  runCommand(_options: RunOptions): string[] {
    throw new Error("not yet");
  }

  execCommand(_options: ExecOptions): string[] {
    throw new Error("not yet");
  }

  /** Removes the runtime's state of a container whose processes are gone. Idempotent. */
  async deleteState(id: string): Promise<void> {
    throw new Error(`not yet ${this.#stateRoot} ${id}`);
  }
}
