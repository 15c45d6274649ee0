import type { BuildEvent } from "../../../spec/index.ts";
import type { Output } from "../../output.ts";
import type { BuildProgress, VertexState } from "./build-progress.ts";
import type { BuildView } from "./build-view.ts";

/** BuildKit's status messages (client.SolveStatus), one on each line: what tools read. */
export class RawJsonView implements BuildView {
  readonly #output: Output;
  readonly #progress: BuildProgress;

  constructor(output: Output, progress: BuildProgress) {
    this.#output = output;
    this.#progress = progress;
  }

  show(event: BuildEvent): void {
    const message = this.#message(event);
    if (message !== undefined) this.#output.line(JSON.stringify(message));
  }

  end(): void {}

  #message(event: BuildEvent): Record<string, unknown> | undefined {
    if (event.type === "vertex") {
      const { id, name, inputs } = event.vertex;
      return { vertexes: [{ digest: id, name, ...(inputs.length === 0 ? {} : { inputs }) }] };
    }
    if (event.type === "warning") {
      const { message, url, position } = event;
      return {
        warnings: [
          {
            level: 1,
            short: base64(message),
            ...(url === undefined ? {} : { url }),
            ...range(position),
          },
        ],
      };
    }
    if (!("vertex" in event)) return undefined;
    const state = this.#progress.vertices.get(event.vertex);
    if (state === undefined) return undefined;
    switch (event.type) {
      case "log":
        return {
          logs: [
            {
              vertex: event.vertex,
              stream: event.stream === "stdout" ? 1 : 2,
              data: base64(event.text),
              timestamp: event.at,
            },
          ],
        };
      case "progress": {
        const { vertex, item, status, current = 0, total } = event;
        const timestamp = new Date().toISOString();
        const size = total === undefined ? {} : { total };
        return { statuses: [{ id: item, vertex, name: status, current, ...size, timestamp }] };
      }
      case "miss":
        return undefined;
      default:
        return { vertexes: [vertexMessage(state)] };
    }
  }
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const instant = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();

function range(position: { line: number; endLine: number } | undefined): Record<string, unknown> {
  if (position === undefined) return {};
  return { range: [{ start: { line: position.line }, end: { line: position.endLine } }] };
}

function vertexMessage(state: VertexState): Record<string, unknown> {
  const { vertex, status, startedAt, endedAt, failure } = state;
  const error = status === "cancelled" ? "context canceled" : failure;
  return {
    digest: vertex.id,
    name: vertex.name,
    ...(vertex.inputs.length === 0 ? {} : { inputs: vertex.inputs }),
    started: instant(startedAt ?? endedAt),
    ...(endedAt === undefined ? {} : { completed: instant(endedAt) }),
    ...(status === "cached" ? { cached: true } : {}),
    ...(error === undefined ? {} : { error }),
  };
}
