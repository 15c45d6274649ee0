import type { ConsoleSize } from "../../spec/index.ts";
import type { TerminalControl } from "./terminal-control.ts";

const STDOUT = 1;

/**
 * Keeps a container's terminal at the size of this one: now, and at every SIGWINCH.
 *
 * @param resize failures are ignored: the process may not run yet, or no more.
 * @returns what stops it.
 */
export function followSize(
  terminal: TerminalControl,
  resize: (size: ConsoleSize) => Promise<void>,
): () => void {
  const update = (): void => {
    const size = terminal.size(STDOUT);
    if (size !== undefined) resize(size).catch(() => {});
  };
  update();
  process.on("SIGWINCH", update);
  return () => process.off("SIGWINCH", update);
}
