import type { Container } from "../containers/container.ts";
import type { ExecRecord } from "../containers/container-record.ts";

/** An exec in the daemon's memory. */
export interface Exec {
  readonly record: ExecRecord;
  readonly container: Container;
  /** Resolves when the process runs, or has failed to. */
  readonly started: PromiseWithResolvers<void>;
  /** Resolves with the exit code when the process has ended. */
  readonly ended: PromiseWithResolvers<number>;
}

export function newExec(record: ExecRecord, container: Container): Exec {
  return {
    record,
    container,
    started: Promise.withResolvers<void>(),
    ended: Promise.withResolvers<number>(),
  };
}
