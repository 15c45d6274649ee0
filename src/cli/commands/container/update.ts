import type { ContainerUpdateRequest, PortMap } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import { atLeast, defineCommand } from "../../command.ts";
import { parseRestartPolicy } from "../../container-config/names.ts";
import { parsePorts } from "../../container-config/ports.ts";
import type { FlagValues } from "../../flags/flag.ts";
import { bytes, decimal, int, list, string, uint16 } from "../../flags/flag-kinds.ts";
import { forEachArgument } from "../for-each.ts";

const flags = {
  "blkio-weight": uint16("Block IO (relative weight), between 10 and 1000, or 0 to disable", {
    initial: 0,
  }),
  "cpu-period": int("Limit CPU CFS (Completely Fair Scheduler) period"),
  "cpu-quota": int("Limit CPU CFS (Completely Fair Scheduler) quota"),
  "cpu-rt-period": int("Limit the CPU real-time period in microseconds"),
  "cpu-rt-runtime": int("Limit the CPU real-time runtime in microseconds"),
  "cpu-shares": int("CPU shares (relative weight)", { short: "c" }),
  cpus: decimal("Number of CPUs"),
  "cpuset-cpus": string("CPUs in which to allow execution (0-3, 0,1)"),
  "cpuset-mems": string("MEMs in which to allow execution (0-3, 0,1)"),
  memory: bytes("Memory limit", { short: "m" }),
  "memory-reservation": bytes("Memory soft limit"),
  "memory-swap": bytes("Swap limit equal to memory plus swap: -1 to enable unlimited swap", {
    unlimited: true,
  }),
  "pids-limit": int("Tune container pids limit (set -1 for unlimited)"),
  "publish-add": list("Publish a container's port to the host beside the others"),
  "publish-rm": list("Publish a port no more (PORT[/PROTOCOL] or as it was published)"),
  restart: string("Restart policy to apply when a container exits"),
};

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Update configuration of one or more containers",
  aliases: ["container update", "update"],
  args: atLeast(1),
  flags,
  run: async ({ values, changed, args, context }) => {
    if (changed.size === 0) {
      throw new CliError("you must provide one or more flags when using this command");
    }
    const request = updateRequest(values, changed);
    const { containers } = await context.client();
    return forEachArgument(args, context, async (name) => {
      const { Warnings } = await containers.update(name, request);
      for (const warning of Warnings ?? []) context.stderr.line(warning);
      return name;
    });
  },
});

/** Without a host port, every place where the container's port is published. */
function removedPorts(specs: readonly string[]): PortMap {
  const { bindings } = parsePorts(specs, []);
  const bare = parsePorts(
    specs.filter((spec) => !/[:=]/.test(spec)),
    [],
  ).bindings;
  return { ...bindings, ...Object.fromEntries(Object.keys(bare).map((port) => [port, null])) };
}

/** Zero leaves a limit as it is. */
function updateRequest(
  values: FlagValues<typeof flags>,
  changed: ReadonlySet<string>,
): ContainerUpdateRequest {
  return {
    BlkioWeight: values["blkio-weight"],
    CpusetCpus: values["cpuset-cpus"],
    CpusetMems: values["cpuset-mems"],
    CpuShares: values["cpu-shares"],
    Memory: values.memory,
    MemoryReservation: values["memory-reservation"],
    MemorySwap: values["memory-swap"],
    CpuPeriod: values["cpu-period"],
    CpuQuota: values["cpu-quota"],
    CpuRealtimePeriod: values["cpu-rt-period"],
    CpuRealtimeRuntime: values["cpu-rt-runtime"],
    NanoCpus: values.cpus,
    ...(changed.has("pids-limit") ? { PidsLimit: values["pids-limit"] } : {}),
    ...(changed.has("publish-add")
      ? { PublishAdd: parsePorts(values["publish-add"], []).bindings }
      : {}),
    ...(changed.has("publish-rm") ? { PublishRemove: removedPorts(values["publish-rm"]) } : {}),
    ...(values.restart === "" ? {} : { RestartPolicy: parseRestartPolicy(values.restart) }),
  };
}
