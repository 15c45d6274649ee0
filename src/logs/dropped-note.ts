import type { Dropped } from "./log-file.ts";

/** The line that stands in a log where lines are missing. */
export function droppedNote({ lines, bytes, reason }: Dropped): Uint8Array {
  return new TextEncoder().encode(
    `berth: ${lines} log lines (${bytes} bytes) dropped: ${reason}\n`,
  );
}
