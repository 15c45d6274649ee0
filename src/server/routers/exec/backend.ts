import type {
  ConsoleSize,
  ExecCreateRequest,
  ExecInspect,
  ExecStartRequest,
} from "../../../spec/index.ts";
import type { StreamSession } from "../containers/backend.ts";

/** What the exec routes need of the engine. `id` is the exec's id. */
export interface ExecBackend {
  create(containerRef: string, request: ExecCreateRequest): Promise<{ Id: string }>;
  /** Resolves when the process runs; nobody is attached. */
  startDetached(id: string, request: ExecStartRequest): Promise<void>;
  /**
   * Checks that the exec can start (`not-found`, `conflict`: an HTTP status). The process starts within
   * `run`; when that fails, `run` rejects and its message is written to the client as output.
   */
  startAttached(id: string, request: ExecStartRequest): Promise<StreamSession>;
  inspect(id: string): Promise<ExecInspect>;
  resize(id: string, size: ConsoleSize): Promise<void>;
}
