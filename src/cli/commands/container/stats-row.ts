import { shortId } from "../../../spec/ids.ts";
import type { BlkioEntry, ContainerStats } from "../../../spec/index.ts";
import { binarySize, humanSize } from "../../format/human-size.ts";
import type { ListSpec } from "../../format/list-format.ts";

/** What one line of `stats` is made of; without a sample yet it shows dashes. */
export interface StatsEntry {
  /** As the user named it. */
  container: string;
  sample?: ContainerStats;
  failed?: boolean;
}

export function statsList(truncate: boolean): ListSpec<StatsEntry> {
  return {
    typeName: "*container.statsContext",
    headings: {
      Container: "CONTAINER",
      ID: "CONTAINER ID",
      Name: "NAME",
      CPUPerc: "CPU %",
      MemUsage: "MEM USAGE / LIMIT",
      MemPerc: "MEM %",
      NetIO: "NET I/O",
      BlockIO: "BLOCK I/O",
      PIDs: "PIDS",
    },
    columns: ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"],
    row: ({ container, sample, failed }) => {
      const names = {
        Container: container,
        ID: truncate ? shortId(sample?.id ?? container) : (sample?.id ?? container),
        Name: sample?.name.replace(/^\//, "") ?? "--",
      };
      return sample === undefined || failed === true
        ? { ...names, ...NOTHING }
        : { ...names, ...measures(sample) };
    },
  };
}

const NOTHING = {
  CPUPerc: "--",
  MemUsage: "-- / --",
  MemPerc: "--",
  NetIO: "--",
  BlockIO: "--",
  PIDs: "--",
};

function measures(sample: ContainerStats) {
  const memory = memoryInUse(sample);
  const limit = sample.memory_stats.limit ?? 0;
  const network = Object.values(sample.networks ?? {});
  const received = network.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0);
  const sent = network.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0);
  const [read, written] = blockBytes(sample.blkio_stats["io_service_bytes_recursive"] ?? []);
  return {
    CPUPerc: `${cpuPercent(sample).toFixed(2)}%`,
    MemUsage: `${binarySize(memory)} / ${binarySize(limit)}`,
    MemPerc: `${(limit === 0 ? 0 : (memory / limit) * 100).toFixed(2)}%`,
    NetIO: `${humanSize(received, 3)} / ${humanSize(sent, 3)}`,
    BlockIO: `${humanSize(read, 3)} / ${humanSize(written, 3)}`,
    PIDs: String(sample.pids_stats.current ?? 0),
  };
}

function cpuPercent({ cpu_stats, precpu_stats }: ContainerStats): number {
  const used = cpu_stats.cpu_usage.total_usage - precpu_stats.cpu_usage.total_usage;
  const system = (cpu_stats.system_cpu_usage ?? 0) - (precpu_stats.system_cpu_usage ?? 0);
  const cpus = cpu_stats.online_cpus || (cpu_stats.cpu_usage.percpu_usage?.length ?? 0);
  return system > 0 && used > 0 ? (used / system) * cpus * 100 : 0;
}

/** Without what the page cache could give back (cgroup v1, then v2). */
function memoryInUse({ memory_stats }: ContainerStats): number {
  const { usage = 0, stats = {} } = memory_stats;
  const inactive = stats["total_inactive_file"] ?? stats["inactive_file"] ?? 0;
  return inactive < usage ? usage - inactive : usage;
}

function blockBytes(entries: readonly BlkioEntry[]): [read: number, written: number] {
  const sum = (operation: string): number =>
    entries
      .filter(({ op }) => op.charAt(0).toLowerCase() === operation)
      .reduce((total, { value }) => total + value, 0);
  return [sum("r"), sum("w")];
}
