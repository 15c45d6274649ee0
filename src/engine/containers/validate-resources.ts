import { availableParallelism } from "node:os";
import type { RuntimeHost } from "../../runtime/index.ts";
import { invalidArgument, type Resources } from "../../spec/index.ts";

/** Bytes; the runtime itself would not come up with less. */
const MIN_MEMORY = 6 * 1024 * 1024;
const NANO = 1_000_000_000;

type Limits = Partial<Resources>;
type Support = RuntimeHost["limits"];

/** Larger than every list of the kernel; guards against `0-4294967295`. */
const MAX_LIST_ENTRY = 8192;

/** `0-2,4` → numbers; undefined for what is no such list. */
export function parseNumberList(text: string): Set<number> | undefined {
  const numbers = new Set<number>();
  for (const part of text.split(",")) {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    if (first === undefined) return undefined;
    const end = Number(last ?? first);
    if (end < Number(first) || end > MAX_LIST_ENTRY) return undefined;
    for (let number = Number(first); number <= end; number++) numbers.add(number);
  }
  return numbers;
}

/** Takes limits out that the kernel does not know, with Docker's warning for each. */
class Discarding {
  readonly warnings: string[] = [];
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  unless<Key extends keyof Resources>(
    supported: boolean,
    key: Key,
    warning: string,
    instead: Resources[Key],
  ): void {
    if (supported || !isSet(this.#limits[key])) return;
    this.warnings.push(warning);
    this.#limits[key] = instead;
  }
}

const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== null &&
  value !== 0 &&
  value !== "" &&
  value !== false &&
  !(Array.isArray(value) && value.length === 0);

function checkMemory(limits: Limits, support: Support, update: boolean): string[] {
  if (isSet(limits.Memory) && (limits.Memory ?? 0) < MIN_MEMORY) {
    throw invalidArgument("Minimum memory limit allowed is 6MB");
  }
  const warnings: string[] = [];
  if ((limits.Memory ?? 0) > 0 && !support.memory) {
    warnings.push(
      "Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.",
    );
    limits.Memory = 0;
    limits.MemorySwap = -1;
  }
  if ((limits.Memory ?? 0) > 0 && limits.MemorySwap !== -1 && !support.swap) {
    warnings.push(
      "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
    );
    limits.MemorySwap = -1;
  }
  checkSwap(limits, update);
  return [...warnings, ...checkSoftMemory(limits, support), ...checkOom(limits, support)];
}

function checkSwap(limits: Limits, update: boolean): void {
  const memory = limits.Memory ?? 0;
  const swap = limits.MemorySwap ?? 0;
  if (memory > 0 && swap > 0 && swap < memory) {
    throw invalidArgument("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (memory === 0 && swap > 0 && !update) {
    throw invalidArgument(
      "You should always set the Memory limit when using Memoryswap limit, see usage",
    );
  }
}

function checkSoftMemory(limits: Limits, support: Support): string[] {
  const discarding = new Discarding(limits);
  discarding.unless(
    support.memorySwappiness,
    "MemorySwappiness",
    "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.",
    null,
  );
  const swappiness = limits.MemorySwappiness ?? 0;
  if (swappiness < 0 || swappiness > 100) {
    throw invalidArgument(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  discarding.unless(
    support.memoryReservation,
    "MemoryReservation",
    "Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.",
    0,
  );
  const reservation = limits.MemoryReservation ?? 0;
  if (reservation > 0 && reservation < MIN_MEMORY) {
    throw invalidArgument("Minimum memory reservation allowed is 6MB");
  }
  const memory = limits.Memory ?? 0;
  if (memory > 0 && reservation > 0 && memory < reservation) {
    throw invalidArgument(
      "Minimum memory limit can not be less than memory reservation limit, see usage",
    );
  }
  discarding.unless(
    support.kernelMemoryTcp,
    "KernelMemoryTCP",
    "Your kernel does not support kernel memory TCP limit capabilities or the cgroup is not mounted. Limitation discarded.",
    0,
  );
  return discarding.warnings;
}

function checkOom(limits: Limits, support: Support): string[] {
  const discarding = new Discarding(limits);
  discarding.unless(
    support.oomKillDisable,
    "OomKillDisable",
    "Your kernel does not support OomKillDisable. OomKillDisable discarded.",
    null,
  );
  if (limits.OomKillDisable === true && !isSet(limits.Memory)) {
    discarding.warnings.push(
      "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.",
    );
  }
  discarding.unless(
    support.pids || (limits.PidsLimit ?? 0) <= 0,
    "PidsLimit",
    "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.",
    null,
  );
  return discarding.warnings;
}

function checkNanoCpus(limits: Limits, support: Support): void {
  if (!isSet(limits.NanoCpus)) return;
  const nano = limits.NanoCpus ?? 0;
  if (nano > 0 && (limits.CpuPeriod ?? 0) > 0) {
    throw invalidArgument("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  }
  if (nano > 0 && (limits.CpuQuota ?? 0) > 0) {
    throw invalidArgument("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  }
  if (nano > 0 && !support.cpuCfs) {
    throw invalidArgument(
      "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted",
    );
  }
  const cpus = availableParallelism();
  if (nano < 0 || nano > cpus * NANO) {
    throw invalidArgument(
      `range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`,
    );
  }
}

function checkRealtime(limits: Limits, support: Support): void {
  const { CpuRealtimePeriod: period = 0, CpuRealtimeRuntime: runtime = 0 } = limits;
  if ((period !== 0 || runtime !== 0) && !support.cpuRealtime) {
    throw invalidArgument("kernel does not support CPU real-time scheduler");
  }
  if (period !== 0 && runtime !== 0 && runtime > period) {
    throw invalidArgument("cpu real-time runtime cannot be higher than cpu real-time period");
  }
}

function checkShares(shares: number): void {
  if (shares < 0) {
    throw invalidArgument(`invalid CPU shares (${shares}): value must be a positive integer`);
  }
  if (shares !== 0 && shares < 2) throw invalidArgument("the minimum allowed cpu-shares is 2");
  if (shares > 262144) throw invalidArgument("the maximum allowed cpu-shares is 262144");
}

function checkCpu(limits: Limits, support: Support): string[] {
  checkNanoCpus(limits, support);
  checkRealtime(limits, support);
  checkShares(limits.CpuShares ?? 0);
  const discarding = new Discarding(limits);
  discarding.unless(
    support.cpuShares,
    "CpuShares",
    "Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.",
    0,
  );
  if (!support.cpuCfs && (isSet(limits.CpuPeriod) || isSet(limits.CpuQuota))) {
    discarding.warnings.push(
      "Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.",
    );
    limits.CpuPeriod = 0;
    limits.CpuQuota = 0;
  }
  const { CpuPeriod: period = 0, CpuQuota: quota = 0 } = limits;
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalidArgument(
      "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
    );
  }
  if (quota > 0 && quota < 1000) {
    throw invalidArgument("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  }
  discarding.unless(
    false,
    "CpuPercent",
    "linux does not support CPU percent. Percent discarded.",
    0,
  );
  return discarding.warnings;
}

function checkSet(what: "cpus" | "mems", asked: string, available: string): void {
  if (asked === "") return;
  const wanted = parseNumberList(asked);
  if (wanted === undefined) {
    throw invalidArgument(`Invalid value ${asked} for cpuset ${what}: invalid format: ${asked}`);
  }
  const present = parseNumberList(available) ?? new Set();
  if (![...wanted].every((number) => present.has(number))) {
    const name = what === "cpus" ? "CPUs" : "memory nodes";
    throw invalidArgument(
      `Requested ${name} are not available - requested ${asked}, available: ${available}`,
    );
  }
}

function checkCpuset(limits: Limits, support: Support): string[] {
  if (!isSet(limits.CpusetCpus) && !isSet(limits.CpusetMems)) return [];
  if (!support.cpuset) {
    limits.CpusetCpus = "";
    limits.CpusetMems = "";
    return ["Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded."];
  }
  checkSet("cpus", limits.CpusetCpus ?? "", support.cpus);
  checkSet("mems", limits.CpusetMems ?? "", support.mems);
  return [];
}

function checkBlkio(limits: Limits, support: Support): string[] {
  const discarding = new Discarding(limits);
  const lost = "or the cgroup is not mounted.";
  const kernel = "Your kernel does not support";
  discarding.unless(
    support.blkioWeight,
    "BlkioWeight",
    `${kernel} Block I/O weight ${lost} Weight discarded.`,
    0,
  );
  const weight = limits.BlkioWeight ?? 0;
  if (weight !== 0 && (weight < 10 || weight > 1000)) {
    throw invalidArgument("Range of blkio weight is from 10 to 1000");
  }
  if (isSet(limits.IOMaximumBandwidth) || isSet(limits.IOMaximumIOps)) {
    throw invalidArgument(
      "Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps",
    );
  }
  const device = (supported: boolean, key: DeviceLimit, what: string, which: string) =>
    discarding.unless(supported, key, `${kernel} ${what} ${lost} ${which} discarded.`, []);
  device(
    support.blkioWeightDevice,
    "BlkioWeightDevice",
    "Block I/O weight_device",
    "Weight-device",
  );
  device(
    support.blkioReadBps,
    "BlkioDeviceReadBps",
    "BPS Block I/O read limit",
    "Block I/O BPS read limit",
  );
  device(
    support.blkioWriteBps,
    "BlkioDeviceWriteBps",
    "BPS Block I/O write limit",
    "Block I/O BPS write limit",
  );
  device(
    support.blkioReadIops,
    "BlkioDeviceReadIOps",
    "IOPS Block read limit",
    "Block I/O IOPS read limit",
  );
  device(
    support.blkioWriteIops,
    "BlkioDeviceWriteIOps",
    "IOPS Block write limit",
    "Block I/O IOPS write limit",
  );
  return discarding.warnings;
}

type DeviceLimit =
  | "BlkioWeightDevice"
  | "BlkioDeviceReadBps"
  | "BlkioDeviceWriteBps"
  | "BlkioDeviceReadIOps"
  | "BlkioDeviceWriteIOps";

/**
 * Checks limits with Docker's messages (`invalid-argument`). What this kernel cannot enforce is taken out of
 * `limits`, where Docker lets it pass, and returned as warnings.
 */
export function validateResources(
  limits: Limits,
  host: Pick<RuntimeHost, "limits">,
  options: { update: boolean } = { update: false },
): string[] {
  return [
    ...checkMemory(limits, host.limits, options.update),
    ...checkCpu(limits, host.limits),
    ...checkCpuset(limits, host.limits),
    ...checkBlkio(limits, host.limits),
  ];
}
