import type {
  Resources,
  RuntimeResources,
  RuntimeThrottle,
  ThrottleDevice,
} from "../spec/index.ts";
import { deviceNumber } from "./devices.ts";

/** Microseconds; what `--cpus` is a quota of. */
const CPU_PERIOD = 100_000;
const NANO = 1_000_000_000;

/** Without the properties that are undefined; undefined when nothing is left. */
function compact<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T | undefined {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as T);
}

/** Docker's zero means that a limit is not asked for. */
const asked = (value: number | null | undefined): number | undefined =>
  value === null || value === undefined || value === 0 ? undefined : value;
const askedText = (value: string | undefined): string | undefined => value || undefined;

function throttle(devices: readonly ThrottleDevice[] | null | undefined) {
  if (!devices?.length) return undefined;
  return devices.map(
    (device): RuntimeThrottle => ({ ...deviceNumber(device.Path), rate: device.Rate }),
  );
}

function cpuLimits(resources: Partial<Resources>): RuntimeResources["cpu"] {
  const nano = asked(resources.NanoCpus);
  return compact<NonNullable<RuntimeResources["cpu"]>>({
    shares: asked(resources.CpuShares),
    quota: nano === undefined ? asked(resources.CpuQuota) : Math.trunc((nano * CPU_PERIOD) / NANO),
    period: nano === undefined ? asked(resources.CpuPeriod) : CPU_PERIOD,
    realtimeRuntime: asked(resources.CpuRealtimeRuntime),
    realtimePeriod: asked(resources.CpuRealtimePeriod),
    cpus: askedText(resources.CpusetCpus),
    mems: askedText(resources.CpusetMems),
  });
}

function memoryLimits(resources: Partial<Resources>): RuntimeResources["memory"] {
  return compact<NonNullable<RuntimeResources["memory"]>>({
    limit: asked(resources.Memory),
    reservation: asked(resources.MemoryReservation),
    swap: asked(resources.MemorySwap),
    kernelTCP: asked(resources.KernelMemoryTCP),
    // -1 is what old clients send for "as the host has it".
    swappiness:
      resources.MemorySwappiness == null || resources.MemorySwappiness < 0
        ? undefined
        : resources.MemorySwappiness,
    disableOOMKiller: resources.OomKillDisable ? true : undefined,
  });
}

function blockLimits(resources: Partial<Resources>): RuntimeResources["blockIO"] {
  return compact<NonNullable<RuntimeResources["blockIO"]>>({
    weight: asked(resources.BlkioWeight),
    weightDevice: resources.BlkioWeightDevice?.length
      ? resources.BlkioWeightDevice.map((device) => ({
          ...deviceNumber(device.Path),
          weight: device.Weight,
        }))
      : undefined,
    throttleReadBpsDevice: throttle(resources.BlkioDeviceReadBps),
    throttleWriteBpsDevice: throttle(resources.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: throttle(resources.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: throttle(resources.BlkioDeviceWriteIOps),
  });
}

/**
 * The limits of a container in the runtime-spec's form; also what `update` hands to `Cgroup.update()`.
 * Devices are not in it. Throws where a block device that is named does not exist.
 */
export function resolveResources(resources: Partial<Resources>): RuntimeResources {
  const pids = resources.PidsLimit;
  const limits = compact<RuntimeResources>({
    memory: memoryLimits(resources),
    cpu: cpuLimits(resources),
    blockIO: blockLimits(resources),
    pids: pids == null ? undefined : { limit: pids > 0 ? pids : -1 },
    devices: undefined,
    hugepageLimits: undefined,
    unified: undefined,
  });
  return limits ?? {};
}
