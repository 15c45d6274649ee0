import { invalidArgument, type RestartPolicy } from "../../spec/index.ts";

const FIRST_DELAY = 100;
const LONGEST_DELAY = 60_000;
/** A run of at least this long counts as healthy: the next delay is the first again. */
const SETTLED_AFTER = 10_000;

export interface ExitOfRun {
  exitCode: number;
  /** Milliseconds from start to exit. */
  ranFor: number;
  /** Did a user stop it (or the daemon, going down with its containers)? */
  stoppedByUser: boolean;
  /** How many times the policy has restarted it since the user's last start. */
  restartCount: number;
}

/** Delays between restarts: 100 ms, doubling, at most a minute, back to the first after 10 s of running. */
export class RestartBackoff {
  #delay = 0;

  /** Milliseconds to wait before the next restart. */
  next(ranFor: number): number {
    if (ranFor >= SETTLED_AFTER) this.#delay = 0;
    this.#delay = this.#delay === 0 ? FIRST_DELAY : Math.min(this.#delay * 2, LONGEST_DELAY);
    return this.#delay;
  }

  reset(): void {
    this.#delay = 0;
  }
}

/** Does the policy want the container back after this exit? */
export function shouldRestart(policy: RestartPolicy, exit: ExitOfRun): boolean {
  if (exit.stoppedByUser) return false;
  switch (policy.Name) {
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure":
      return (
        exit.exitCode !== 0 &&
        (policy.MaximumRetryCount === 0 || exit.restartCount < policy.MaximumRetryCount)
      );
    default:
      return false;
  }
}

/**
 * Does the policy want a container that is not running back when the daemon starts? `always` even
 * after a user's stop, as Docker documents it.
 */
export function shouldStartAtBoot(
  policy: RestartPolicy,
  last: { exitCode: number; stoppedByUser: boolean; everStarted: boolean; restartCount: number },
): boolean {
  if (!last.everStarted) return false;
  if (policy.Name === "always") return true;
  return shouldRestart(policy, { ...last, ranFor: 0 });
}

/** Checks a policy from a request; messages are Docker's. */
export function parseRestartPolicy(
  policy: Partial<RestartPolicy> | undefined,
  autoRemove: boolean,
): RestartPolicy {
  const name = policy?.Name ?? "no";
  const retries = policy?.MaximumRetryCount ?? 0;
  if (!["", "no", "always", "unless-stopped", "on-failure"].includes(name)) {
    throw invalidArgument(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (name !== "on-failure" && retries !== 0) {
    const advice =
      retries < 0
        ? "maximum retry count can only be used with 'on-failure' and cannot be negative"
        : "maximum retry count can only be used with 'on-failure'";
    throw invalidArgument(`invalid restart policy: ${advice}`);
  }
  if (retries < 0) {
    throw invalidArgument("invalid restart policy: maximum retry count cannot be negative");
  }
  if (autoRemove && name !== "" && name !== "no") {
    throw invalidArgument("can't create 'AutoRemove' container with restart policy");
  }
  return { Name: name === "" ? "no" : name, MaximumRetryCount: retries };
}
