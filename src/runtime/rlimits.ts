import { invalidArgument, type RuntimeRlimit, type Ulimit } from "../spec/index.ts";
import type { RuntimeHost } from "./runtime-spec-request.ts";

const NAMES = new Set([
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack",
]);

const finite = (value: number): number => (value < 0 ? Number.POSITIVE_INFINITY : value);

/** Docker's complaints about a ulimit. */
export function checkUlimit(limit: Ulimit): void {
  if (!NAMES.has(limit.Name)) throw invalidArgument(`invalid ulimit type: ${limit.Name}`);
  if (finite(limit.Soft) > finite(limit.Hard)) {
    throw invalidArgument(
      `ulimit soft limit must be less than or equal to hard limit: ${limit.Soft} > ${limit.Hard}`,
    );
  }
}

function toRlimit(limit: Ulimit): RuntimeRlimit {
  return {
    type: `RLIMIT_${limit.Name.toUpperCase()}`,
    soft: finite(limit.Soft),
    hard: finite(limit.Hard),
  };
}

/**
 * The user's limits as they are, the daemon's default ones cut down to what this host lets the engine give.
 * A user's limit beyond that is refused: without CAP_SYS_RESOURCE nobody can raise it.
 */
export function resolveRlimits(
  asked: readonly Ulimit[],
  defaults: readonly Ulimit[],
  host: Pick<RuntimeHost, "hardLimits" | "canRaiseLimits">,
  warn: (text: string) => void,
): RuntimeRlimit[] {
  const ours = (name: string): number =>
    host.canRaiseLimits
      ? Number.POSITIVE_INFINITY
      : (host.hardLimits[name] ?? Number.POSITIVE_INFINITY);
  for (const limit of asked) {
    checkUlimit(limit);
    if (finite(limit.Hard) > ours(limit.Name)) {
      throw invalidArgument(
        `Cannot set ulimit "${limit.Name}": the hard limit ${limit.Hard} is above the engine's own ${ours(limit.Name)}, and the engine lacks CAP_SYS_RESOURCE`,
      );
    }
  }
  const names = new Set(asked.map((limit) => limit.Name));
  const added = defaults.filter((limit) => !names.has(limit.Name));
  const fitted = added.map((limit) => {
    const most = ours(limit.Name);
    if (finite(limit.Hard) <= most) return limit;
    warn(`The default ulimit ${limit.Name} is lowered to ${most}: the engine cannot raise it`);
    return { ...limit, Hard: most, Soft: Math.min(finite(limit.Soft), most) };
  });
  return [...asked, ...fitted].map(toRlimit);
}
