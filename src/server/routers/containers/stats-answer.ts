/** What `stats` answers, as a schema. */
import type { BlkioEntry, ContainerStats, CpuStats } from "../../../spec/index.ts";
import { type Decoder, integer, list, map, named, nullable, object, text } from "../../decode.ts";

type Counters = NonNullable<ContainerStats["networks"]>[string];

const cpu = named(
  "ContainerCPUStats",
  object<CpuStats>({
    cpu_usage: object<CpuStats["cpu_usage"]>({
      total_usage: integer,
      percpu_usage: list(integer),
      usage_in_kernelmode: integer,
      usage_in_usermode: integer,
    }),
    system_cpu_usage: integer,
    online_cpus: integer,
    throttling_data: object<CpuStats["throttling_data"]>({
      periods: integer,
      throttled_periods: integer,
      throttled_time: integer,
    }),
  }),
);
const entries = nullable(
  list(object<BlkioEntry>({ major: integer, minor: integer, op: text, value: integer })),
);
const counters = object<Counters>({
  rx_bytes: integer,
  rx_packets: integer,
  rx_errors: integer,
  rx_dropped: integer,
  tx_bytes: integer,
  tx_packets: integer,
  tx_errors: integer,
  tx_dropped: integer,
});

export const containerStats = named(
  "ContainerStatsResponse",
  object<ContainerStats>({
    id: text,
    name: text,
    os_type: text,
    read: text,
    preread: text,
    pids_stats: object<ContainerStats["pids_stats"]>({ current: integer, limit: integer }),
    blkio_stats: object<Record<string, BlkioEntry[] | null>>({
      io_service_bytes_recursive: entries,
      io_serviced_recursive: entries,
      io_queue_recursive: entries,
      io_service_time_recursive: entries,
      io_wait_time_recursive: entries,
      io_merged_recursive: entries,
      io_time_recursive: entries,
      sectors_recursive: entries,
    }),
    num_procs: integer,
    storage_stats: object({}) as Decoder<Record<string, never>>,
    cpu_stats: cpu,
    precpu_stats: cpu,
    memory_stats: object<ContainerStats["memory_stats"]>({
      usage: integer,
      max_usage: integer,
      limit: integer,
      failcnt: integer,
      stats: map(integer),
    }),
    networks: map(counters),
  }),
);
