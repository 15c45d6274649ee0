import { EngineError } from "../spec/errors.ts";
import { CliError } from "./cli-error.ts";

export interface Failure {
  /** What standard error shows; empty: nothing. */
  message: string;
  exitCode: number;
}

/** The words and the exit code for whatever a command threw. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CliError) return { message: error.message, exitCode: error.exitCode };
  // The reader of our output has gone (`| head`): what SIGPIPE would have said.
  if (error instanceof Error && "code" in error && error.code === "EPIPE") {
    return { message: "", exitCode: 141 };
  }
  return { message: failureText(error), exitCode: 1 };
}

/** What the daemon said is told apart from what the command line itself found wrong. */
export function failureText(error: unknown): string {
  if (error instanceof EngineError && error.name === "DaemonError") {
    return `Error response from daemon: ${error.message.trimEnd()}`;
  }
  return error instanceof Error ? error.message : String(error);
}
