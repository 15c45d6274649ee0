import { CliError } from "../cli-error.ts";
import { isTerminal } from "./is-terminal.ts";

/** A container's terminal needs one on this side where input is attached. */
export function requireTerminal(options: { stdin: boolean; tty: boolean }): void {
  if (options.stdin && options.tty && !isTerminal(0)) {
    throw new CliError("the input device is not a TTY");
  }
}
