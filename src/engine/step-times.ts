import type { Log } from "./log.ts";

/**
 * How long each step of an operation takes, for the debug log (`--log-level debug`). A step is measured from the end of the one before it.
 */
export class StepTimes {
  readonly #started = performance.now();
  #last = this.#started;
  readonly #steps: Record<string, number> = {};

  /** The step of that name ends now. */
  done(step: string): void {
    const now = performance.now();
    this.#steps[step] = now - this.#last;
    this.#last = now;
  }

  /** One line: each step and the `total`, in milliseconds. */
  tell(log: Log, operation: string): void {
    const fields: Record<string, string> = {};
    for (const [step, time] of Object.entries(this.#steps)) fields[step] = time.toFixed(3);
    fields["total"] = (this.#last - this.#started).toFixed(3);
    log.debug(operation, fields);
  }
}
