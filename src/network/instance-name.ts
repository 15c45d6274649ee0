import { createHash } from "node:crypto";

const DEFAULT_EXEC_ROOT = "/run/berth";

/**
 * What a daemon calls its table, rules and bridges on the host: `berth`, and `berth-<hash>` for one whose
 * exec root is not the usual one, so that several daemons share a host.
 */
export function instanceName(execRoot: string): string {
  if (execRoot === DEFAULT_EXEC_ROOT) return "berth";
  return `berth-${createHash("sha256").update(execRoot).digest("hex").slice(0, 8)}`;
}

/** Link name of the default bridge: `berth0`, or the daemon's own name. */
export const defaultBridge = (instance: string): string =>
  instance === "berth" ? "berth0" : instance;
