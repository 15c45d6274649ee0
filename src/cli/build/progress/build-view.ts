import type { BuildEvent } from "../../../spec/index.ts";
import type { Output } from "../../output.ts";
import type { BuildProgress } from "./build-progress.ts";

/** Shows a build while it runs. `end` is called once, whatever the outcome; then the terminal is as before. */
export interface BuildView {
  /** Called after the event is in the progress. */
  show(event: BuildEvent): void;
  end(outcome: "completed" | "failed" | "cancelled"): void;
}

export type ViewKind = "plain" | "tty" | "quiet" | "rawjson";

export interface ViewOptions {
  readonly output: Output;
  readonly progress: BuildProgress;
  readonly size: () => { rows: number; columns: number };
  readonly color: boolean;
}

export const QUIET_VIEW: BuildView = { show: () => {}, end: () => {} };
