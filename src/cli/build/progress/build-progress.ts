import type { BuildEvent, BuildVertex } from "../../../spec/index.ts";

export type VertexStatus = "waiting" | "running" | "cached" | "done" | "failed" | "cancelled";

export interface VertexState {
  readonly vertex: BuildVertex;
  /** In the order in which steps began; 0 for one that waits. */
  number: number;
  status: VertexStatus;
  /** Milliseconds since the epoch. */
  startedAt?: number;
  endedAt?: number;
  /** The last lines of output, without their ends. */
  readonly lines: string[];
  /** What has no line end yet. */
  partial: string;
  readonly items: Map<string, { status: string; current?: number; total?: number }>;
  /** Why it was not cached. */
  miss?: string;
  failure?: string;
}

export interface BuildWarning {
  readonly rule?: string;
  readonly message: string;
  readonly line?: number;
  readonly endLine?: number;
  readonly file?: string;
  readonly url?: string;
}

/** More of a step's output is not kept: views show it as it comes. */
const KEPT_LINES = 100;

/** What is known of a build from its events so far. */
export class BuildProgress {
  readonly vertices = new Map<string, VertexState>();
  readonly warnings: BuildWarning[] = [];
  #numbers = 0;

  /** The step that an event is about, as it is after it. */
  apply(event: BuildEvent): VertexState | undefined {
    if (event.type === "vertex") {
      this.#add(event.vertex);
      return undefined;
    }
    if (event.type === "warning") {
      const { rule, message, position, url } = event;
      this.warnings.push({
        message,
        ...(rule === undefined ? {} : { rule }),
        ...(position === undefined
          ? {}
          : { line: position.line, endLine: position.endLine, file: position.file }),
        ...(url === undefined ? {} : { url }),
      });
      return undefined;
    }
    if (!("vertex" in event)) return undefined;
    const state = this.vertices.get(event.vertex);
    if (state !== undefined) this.#advance(state, event);
    return state;
  }

  get steps(): readonly VertexState[] {
    return [...this.vertices.values()].filter(({ vertex }) => vertex.internal !== true);
  }

  get cachedSteps(): number {
    return this.steps.filter(({ status }) => status === "cached").length;
  }

  #add(vertex: BuildVertex): void {
    if (this.vertices.has(vertex.id)) return;
    this.vertices.set(vertex.id, {
      vertex,
      number: 0,
      status: "waiting",
      lines: [],
      partial: "",
      items: new Map(),
    });
  }

  #advance(state: VertexState, event: Extract<BuildEvent, { vertex: string }>): void {
    if (state.number === 0 && event.type !== "cancelled" && event.type !== "miss") {
      this.#numbers += 1;
      state.number = this.#numbers;
    }
    switch (event.type) {
      case "started":
        state.status = "running";
        state.startedAt = Date.parse(event.at);
        return;
      case "cached":
        state.status = "cached";
        state.endedAt = Date.parse(event.at);
        return;
      case "finished":
      case "cancelled":
        state.status = event.type === "finished" ? "done" : "cancelled";
        state.endedAt = Date.parse(event.at);
        return;
      case "failed":
        state.status = "failed";
        state.endedAt = Date.parse(event.at);
        state.failure = event.message;
        return;
      case "log":
        takeText(state, event.text);
        return;
      case "progress":
        state.items.set(event.item, event);
        return;
      case "miss":
        state.miss = event.reason;
    }
  }
}

function takeText(state: VertexState, text: string): void {
  const lines = (state.partial + text).split("\n");
  state.partial = lines.pop() ?? "";
  state.lines.push(...lines);
  if (state.lines.length > KEPT_LINES) state.lines.splice(0, state.lines.length - KEPT_LINES);
}

/** Seconds between two instants in milliseconds: `1.2s`, `3m04s`. */
export function durationText(from: number | undefined, to: number): string {
  const seconds = Math.max(0, to - (from ?? to)) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  return `${Math.floor(seconds / 60)}m${String(Math.floor(seconds % 60)).padStart(2, "0")}s`;
}
