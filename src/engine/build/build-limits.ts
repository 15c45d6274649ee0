import type { BuildLimits } from "../../spec/index.ts";

const LIMITS = [
  "memory",
  "memorySwap",
  "cpuShares",
  "cpuQuota",
  "cpuPeriod",
  "cpusetCpus",
  "cpusetMems",
  "cgroupParent",
  "shmSize",
  "ulimits",
] as const satisfies readonly (keyof BuildLimits)[];

/** The limits among the options of a build. */
export function limitsOf(options: BuildLimits): BuildLimits {
  const given = LIMITS.map((name) => [name, options[name]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}
