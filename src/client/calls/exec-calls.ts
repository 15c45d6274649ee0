import type {
  ConsoleSize,
  ExecCreateRequest,
  ExecInspect,
  ExecStartRequest,
} from "../../spec/index.ts";
import type { HijackedStream } from "../hijacked-stream.ts";
import type { HttpTransport } from "../http-transport.ts";

/** `/exec`: commands in running containers. */
export class ExecCalls {
  readonly #transport: HttpTransport;

  constructor(transport: HttpTransport) {
    this.#transport = transport;
  }

  create(containerRef: string, request: ExecCreateRequest): Promise<{ Id: string }> {
    const path = `/containers/${encodeURIComponent(containerRef)}/exec`;
    return this.#transport.json("POST", path, { json: request });
  }

  startDetached(id: string, request: Omit<ExecStartRequest, "Detach"> = {}): Promise<void> {
    return this.#transport.send("POST", `/exec/${id}/start`, {
      json: { ...request, Detach: true },
    });
  }

  /** The command's output ends with the command; its exit code is in `inspect` then. */
  start(id: string, request: Omit<ExecStartRequest, "Detach"> = {}): Promise<HijackedStream> {
    return this.#transport.hijack("POST", `/exec/${id}/start`, {
      json: { ...request, Detach: false },
    });
  }

  inspect(id: string): Promise<ExecInspect> {
    return this.#transport.json("GET", `/exec/${id}/json`);
  }

  resize(id: string, size: ConsoleSize): Promise<void> {
    const query = { h: size.rows, w: size.columns };
    return this.#transport.send("POST", `/exec/${id}/resize`, { query });
  }
}
