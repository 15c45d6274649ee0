import type { Duplex } from "node:stream";
import { EngineError } from "../spec/index.ts";
import type {
  AttachOptions,
  ProcessExit,
  ProcessRecord,
  ProcessRequest,
  Supervisor,
} from "./supervisor.ts";

export interface SupervisorClientOptions {
  execRoot: string;
  /** How to start the supervisor: `[...selfCommand(), "supervisor", "--exec-root", execRoot]`. */
  command: readonly string[];
}

const missing = (): EngineError => new EngineError("not-implemented", "Not there yet");

/** The daemon's side of the supervisor. Register `onExit` before `connect`. */
export class SupervisorClient implements Supervisor {
  readonly options: SupervisorClientOptions;

  constructor(options: SupervisorClientOptions) {
    this.options = options;
  }

  /** Connects, starting the supervisor where none answers; resolves when it answers. */
  async connect(): Promise<void> {
    throw missing();
  }

  async start(_request: ProcessRequest): Promise<{ pid: number }> {
    throw missing();
  }

  async attach(_id: string, _options: AttachOptions): Promise<Duplex> {
    throw missing();
  }

  async resize(_id: string, _rows: number, _columns: number): Promise<void> {
    throw missing();
  }

  async processes(): Promise<ProcessRecord[]> {
    throw missing();
  }

  async forget(_id: string): Promise<void> {
    throw missing();
  }

  onExit(_listener: (exit: ProcessExit) => void): void {}

  async close(): Promise<void> {}
}
