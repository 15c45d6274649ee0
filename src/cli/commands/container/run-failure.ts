import { CliError } from "../../cli-error.ts";
import { failureText } from "../../describe-failure.ts";

const ENGINE_FAILED = 125;
const CANNOT_INVOKE = 126;
const NOT_FOUND = 127;

/** Exit code for a container that did not start, told from the daemon's words as Docker's CLI does it. */
export function startExitCode(message: string): number {
  if (/executable file not found|no such file or directory/.test(message)) return NOT_FOUND;
  return /permission denied|is a directory/.test(message) ? CANNOT_INVOKE : ENGINE_FAILED;
}

/** A failure of `run` or `create` itself, with its hint. */
export function containerFailure(
  error: unknown,
  verb: "run" | "create",
  exitCode?: number,
): CliError {
  if (error instanceof CliError && error.exitCode !== 1) return error;
  const message = failureText(error);
  if (error instanceof CliError && isPlain(message)) return error;
  return new CliError(
    `berth: ${message}\n\nRun 'berth ${verb} --help' for more information`,
    exitCode ?? ENGINE_FAILED,
    { cause: error },
  );
}

/** Refusals that come before the command proper, which Docker's CLI prints without hint. */
const isPlain = (message: string): boolean =>
  /is only supported on a Docker daemon running on windows|^error parsing specified platform|input device is not a TTY|^conflicting options: cannot specify both --attach and --detach/.test(
    message,
  );

export function checkPullPolicy(policy: string): void {
  if (!["always", "missing", "never"].includes(policy)) {
    throw new Error(
      `invalid pull option: '${policy}': must be one of "always", "missing" or "never"`,
    );
  }
}
