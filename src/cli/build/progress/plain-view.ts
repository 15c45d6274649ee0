import type { BuildEvent } from "../../../spec/index.ts";
import { humanSize } from "../../format/human-size.ts";
import type { Output } from "../../output.ts";
import { type BuildProgress, durationText, type VertexState } from "./build-progress.ts";
import type { BuildView } from "./build-view.ts";

/** A line for whatever happens: for pipes and logs. */
export class PlainView implements BuildView {
  readonly #output: Output;
  readonly #progress: BuildProgress;
  readonly #named = new Set<string>();
  /** Output of a step that has not ended its line. */
  readonly #partial = new Map<string, string>();

  constructor(output: Output, progress: BuildProgress) {
    this.#output = output;
    this.#progress = progress;
  }

  show(event: BuildEvent): void {
    if (!("vertex" in event) || event.type === "vertex") return;
    const state = this.#progress.vertices.get(event.vertex);
    if (state === undefined || event.type === "cancelled") return;
    if (event.type === "miss") return;
    this.#name(state);
    switch (event.type) {
      case "cached":
        this.#end(state, "CACHED");
        return;
      case "finished":
        this.#end(state, `DONE ${durationText(state.startedAt, state.endedAt ?? 0)}`);
        return;
      case "failed":
        this.#end(state, `ERROR: ${event.message}`);
        return;
      case "log":
        this.#log(state, event.text, event.at);
        return;
      case "progress":
        this.#item(state, event);
    }
  }

  end(outcome: "completed" | "failed" | "cancelled"): void {
    if (outcome !== "cancelled") return;
    for (const state of this.#progress.vertices.values()) {
      if (state.status === "running") this.#end(state, "CANCELED");
    }
  }

  /** The step's name, before anything else of it. */
  #name(state: VertexState): void {
    if (this.#named.has(state.vertex.id)) return;
    this.#named.add(state.vertex.id);
    this.#output.line(`#${state.number} ${state.vertex.name}`);
    if (state.miss !== undefined) this.#output.line(`#${state.number} not cached: ${state.miss}`);
  }

  #end(state: VertexState, text: string): void {
    const rest = this.#partial.get(state.vertex.id);
    this.#partial.delete(state.vertex.id);
    if (rest !== undefined && rest !== "") this.#output.line(rest);
    this.#output.line(`#${state.number} ${text}\n`);
  }

  #log(state: VertexState, text: string, at: string): void {
    const seconds = (Date.parse(at) - (state.startedAt ?? Date.parse(at))) / 1000;
    const head = `#${state.number} ${Math.max(0, seconds).toFixed(3)} `;
    const pieces = text.split("\n");
    for (const [index, piece] of pieces.entries()) {
      const before = this.#partial.get(state.vertex.id) ?? "";
      const line = before === "" && piece !== "" ? head + piece : before + piece;
      if (index === pieces.length - 1) this.#partial.set(state.vertex.id, line);
      else {
        this.#output.line(line === "" ? head.trimEnd() : line);
        this.#partial.delete(state.vertex.id);
      }
    }
  }

  /** Ends of transfers; what is between is for eyes only. */
  #item(state: VertexState, event: Extract<BuildEvent, { type: "progress" }>): void {
    const { item, status, current, total } = event;
    if (total !== undefined && (current ?? 0) < total) return;
    const size = current === undefined ? "" : ` ${humanSize(current)}`;
    this.#output.line(
      `#${state.number} ${[item, status].filter((each) => each !== "").join(": ")}${size}`,
    );
  }
}
