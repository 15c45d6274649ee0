import type { HostConfig, RestartPolicy, Ulimit } from "../../spec/index.ts";
import type { BlkioConfig, Service } from "../file/project.ts";

/** Limits of a service; `deploy.resources` goes before the older keys, which say the same. */
export function serviceResources(service: Service): Partial<HostConfig> {
  const { limits, reservations } = service.deploy?.resources ?? {};
  const cpus = limits?.cpus ?? service.cpus;
  const memory = limits?.memory ?? service.mem_limit;
  const reservation = reservations?.memory ?? service.mem_reservation;
  const pids = limits?.pids ?? service.pids_limit;
  return compact({
    NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
    Memory: numeric(memory),
    MemoryReservation: numeric(reservation),
    MemorySwap: numeric(service.memswap_limit),
    MemorySwappiness: numeric(service.mem_swappiness),
    PidsLimit: pids,
    CpuCount: service.cpu_count,
    CpuPercent: service.cpu_percent,
    CpuPeriod: service.cpu_period,
    CpuQuota: service.cpu_quota,
    CpuRealtimePeriod: service.cpu_rt_period,
    CpuRealtimeRuntime: service.cpu_rt_runtime,
    CpuShares: service.cpu_shares,
    CpusetCpus: service.cpuset,
    CgroupParent: service.cgroup_parent,
    OomKillDisable: service.oom_kill_disable,
    DeviceCgroupRules: service.device_cgroup_rules,
    Devices: service.devices?.map(({ source, target, permissions }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: permissions,
    })),
    Ulimits: ulimits(service.ulimits),
    ...blockDevices(service.blkio_config),
  });
}

const numeric = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);

export function ulimits(given: Service["ulimits"]): Ulimit[] | undefined {
  if (given === undefined) return undefined;
  return Object.entries(given).map(([Name, limit]) =>
    typeof limit === "number"
      ? { Name, Soft: limit, Hard: limit }
      : { Name, Soft: limit.soft, Hard: limit.hard },
  );
}

function blockDevices(config: BlkioConfig | undefined): Partial<HostConfig> {
  if (config === undefined) return {};
  const rates = (entries: { path: string; rate: string }[] | undefined) =>
    entries?.map(({ path, rate }) => ({ Path: path, Rate: Number(rate) }));
  return compact({
    BlkioWeight: config.weight,
    BlkioWeightDevice: config.weight_device?.map(({ path, weight }) => ({
      Path: path,
      Weight: weight,
    })),
    BlkioDeviceReadBps: rates(config.device_read_bps),
    BlkioDeviceReadIOps: rates(config.device_read_iops),
    BlkioDeviceWriteBps: rates(config.device_write_bps),
    BlkioDeviceWriteIOps: rates(config.device_write_iops),
  });
}

/** `deploy.restart_policy` goes before `restart`. */
export function restartPolicy({ restart, deploy }: Service): RestartPolicy | undefined {
  const policy = deploy?.restart_policy;
  if (policy !== undefined) {
    const Name = POLICIES[policy.condition ?? "any"] ?? "always";
    const retries = Name === "on-failure" ? (policy.max_attempts ?? 0) : 0;
    return { Name, MaximumRetryCount: retries };
  }
  if (restart === undefined) return undefined;
  const [word = "", retries] = restart.split(":");
  const Name = POLICIES[word];
  if (Name === undefined) {
    throw new Error(
      `invalid restart policy "${restart}": use "no", "always", "on-failure[:max-retries]" or "unless-stopped"`,
    );
  }
  return { Name, MaximumRetryCount: Number(retries ?? 0) };
}

const POLICIES: Readonly<Record<string, RestartPolicy["Name"]>> = {
  no: "no",
  none: "no",
  always: "always",
  any: "always",
  "on-failure": "on-failure",
  "unless-stopped": "unless-stopped",
};

/** The object without what is not said. */
export function compact<T extends object>(
  object: { [K in keyof T]?: T[K] | undefined },
): Partial<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}
