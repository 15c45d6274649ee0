import { readFileSync } from "node:fs";
import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import { EMPTY_BLKIO, NANOSECONDS_PER_TICK } from "../../linux/cgroup/cgroup-stats.ts";
import { Errno, isErrno } from "../../linux/errno.ts";
import type { ContainerStats, ContainerStatsOptions, CpuStats } from "../../spec/index.ts";
import { NEVER, timestamp } from "../clock.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";

/** Milliseconds between two samples. */
const INTERVAL = 1000;
const NO_CPU: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

/** Time that all processors have spent, nanoseconds, out of the text of proc_stat(5); and their number. */
export function parseSystemCpu(text: string): { total: number; processors: number } {
  const lines = text.split("\n");
  // user nice system idle iowait irq softirq; steal and guest time belong to others or are in it already.
  const fields = (lines[0] ?? "").trim().split(/\s+/).slice(1, 8).map(Number);
  const ticks = fields.reduce((sum, field) => sum + field, 0);
  return {
    total: ticks * NANOSECONDS_PER_TICK,
    processors: lines.filter((line) => /^cpu\d+ /.test(line)).length,
  };
}

/** Counters per interface out of the text of `/proc/<pid>/net/dev`; without the loopback. */
export function parseNetDev(text: string): NonNullable<ContainerStats["networks"]> {
  const networks: NonNullable<ContainerStats["networks"]> = {};
  for (const line of text.split("\n")) {
    const [, name = "", counters = ""] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === "" || name === "lo") continue;
    const [
      rxBytes,
      rxPackets,
      rxErrors,
      rxDropped,
      ,
      ,
      ,
      ,
      txBytes,
      txPackets,
      txErrors,
      txDropped,
    ] = counters.split(/\s+/).map(Number);
    networks[name] = {
      rx_bytes: rxBytes ?? 0,
      rx_packets: rxPackets ?? 0,
      rx_errors: rxErrors ?? 0,
      rx_dropped: rxDropped ?? 0,
      tx_bytes: txBytes ?? 0,
      tx_packets: txPackets ?? 0,
      tx_errors: txErrors ?? 0,
      tx_dropped: txDropped ?? 0,
    };
  }
  return networks;
}

function emptyStats(container: Container): ContainerStats {
  return {
    id: container.id,
    name: `/${container.name}`,
    os_type: "linux",
    read: NEVER,
    preread: NEVER,
    pids_stats: {},
    blkio_stats: EMPTY_BLKIO,
    num_procs: 0,
    storage_stats: {},
    cpu_stats: NO_CPU,
    precpu_stats: NO_CPU,
    memory_stats: {},
  };
}

function networksOf(container: Container): NonNullable<ContainerStats["networks"]> {
  const { hostConfig, state } = container.record;
  // With the host's network the counters would be everybody's.
  if (hostConfig.NetworkMode === "host") return {};
  try {
    return parseNetDev(readFileSync(`/proc/${state.pid}/net/dev`, "utf8"));
  } catch (error) {
    if (isErrno(error, Errno.ENOENT, Errno.ESRCH, Errno.EINVAL)) return {};
    throw error;
  }
}

/** One sample; empty when the container does not run. */
function sample(
  context: Pick<EngineContext, "host" | "clock">,
  container: Container,
  previous: ContainerStats | undefined,
): ContainerStats {
  const empty = emptyStats(container);
  const cgroup = openCgroup(context.host.cgroup, container.record.cgroupPath);
  if (!container.alive || !cgroup.exists()) return empty;
  const { cpu, memory, blkio, pids } = cgroup.stats();
  const system = parseSystemCpu(readFileSync("/proc/stat", "utf8"));
  const networks = networksOf(container);
  return {
    ...empty,
    read: timestamp(context.clock.nanoseconds()),
    preread: previous?.read ?? NEVER,
    pids_stats: pids,
    blkio_stats: blkio,
    cpu_stats: { ...cpu, system_cpu_usage: system.total, online_cpus: system.processors },
    precpu_stats: previous?.cpu_stats ?? NO_CPU,
    memory_stats: memory,
    ...(Object.keys(networks).length > 0 ? { networks } : {}),
  };
}

/** Resolves after the interval, or at once when the client goes. */
function pause(context: Pick<EngineContext, "clock">, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const cancel = context.clock.after(INTERVAL, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    const stop = () => {
      cancel();
      resolve();
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}

async function* samples(
  context: EngineContext,
  container: Container,
  options: ContainerStatsOptions,
  signal: AbortSignal,
): AsyncGenerator<ContainerStats> {
  let previous: ContainerStats | undefined;
  if (!options.stream && !options.oneShot && container.alive) {
    // What clients show as a percentage is the difference of two samples.
    previous = sample(context, container, undefined);
    await pause(context, signal);
  }
  while (!signal.aborted && !container.removed) {
    const current = sample(context, container, previous);
    yield current;
    if (!options.stream) return;
    previous = current;
    await pause(context, signal);
  }
}

/**
 * What a container uses: one sample a second, or a single one. The stream goes on over restarts, with empty
 * samples meanwhile, until the container is removed or `signal` aborts.
 */
export async function statsContainer(
  context: EngineContext,
  ref: string,
  options: ContainerStatsOptions,
  signal: AbortSignal,
): Promise<AsyncIterable<ContainerStats>> {
  return samples(context, context.containers.get(ref), options, signal);
}
