import { type BuildPosition, EngineError, type ErrorKind } from "../../spec/index.ts";
import type { Tree } from "../../store/index.ts";
import type { StageState } from "../steps/stage-state.ts";

/** A step that did not succeed: which one, and what it was. */
export class StepFailure extends EngineError {
  readonly vertex: string;
  readonly position: BuildPosition | undefined;
  readonly exitCode: number | undefined;
  /** Id of an image of that. */
  image: string | undefined;
  /** What the failed command has left, where that is to be kept. */
  left: { readonly tree: Tree; readonly state: StageState } | undefined;

  constructor(
    kind: ErrorKind,
    message: string,
    details: { vertex: string; position?: BuildPosition; exitCode?: number; cause?: unknown },
  ) {
    super(kind, message, { cause: details.cause });
    this.name = "StepFailure";
    this.vertex = details.vertex;
    this.position = details.position;
    this.exitCode = details.exitCode;
  }
}

/** The command of a `RUN` has ended with something else than 0. */
export class CommandFailure extends EngineError {
  readonly exitCode: number;
  readonly command: string;
  /** What the command has left, where that is to be kept. */
  tree: Tree | undefined;

  constructor(command: string, exitCode: number) {
    super(
      "failed-precondition",
      `process "${command}" did not complete successfully: exit code: ${exitCode}`,
    );
    this.name = "CommandFailure";
    this.command = command;
    this.exitCode = exitCode;
  }
}
