import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import { resolveResources } from "../../runtime/index.ts";
import {
  type ContainerUpdateRequest,
  type ContainerUpdateResponse,
  conflict,
  EngineError,
  errorKind,
  errorMessage,
  type HostConfig,
  type Resources,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { publishContainerEvent } from "./container-events.ts";
import { publishPorts } from "./publish-ports.ts";
import { parseRestartPolicy } from "./restart-policy.ts";
import { lockBoth, takeOver } from "./take-over.ts";
import { validateResources } from "./validate-host-config.ts";

/** Limits that may change while a container lives; zero and empty mean "as it is". */
const CHANGEABLE = [
  "BlkioWeight",
  "CpuShares",
  "NanoCpus",
  "CpuPeriod",
  "CpuQuota",
  "CpuRealtimePeriod",
  "CpuRealtimeRuntime",
  "CpusetCpus",
  "CpusetMems",
  "Memory",
  "MemorySwap",
  "MemoryReservation",
] as const satisfies readonly (keyof Resources)[];

/** What the request changes, without what it leaves alone. */
function askedChanges(request: Partial<Resources>): Partial<Resources> {
  const asked = CHANGEABLE.filter((key) => Boolean(request[key]));
  const changes: Partial<Resources> = Object.fromEntries(asked.map((key) => [key, request[key]]));
  const { PidsLimit: pids } = request;
  return pids === null || pids === undefined || pids === 0
    ? changes
    : { ...changes, PidsLimit: pids < 0 ? -1 : pids };
}

/** Limits that contradict those that are set already. */
export function checkAgainstCurrent(changes: Partial<Resources>, current: HostConfig): void {
  const clash = (asked: string, set: string) =>
    conflict(`Conflicting options: ${asked} cannot be updated as ${set} has already been set`);
  const positive = (value: number | undefined) => (value ?? 0) > 0;
  if (positive(changes.NanoCpus) && current.CpuPeriod > 0) throw clash("Nano CPUs", "CPU Period");
  if (positive(changes.NanoCpus) && current.CpuQuota > 0) throw clash("Nano CPUs", "CPU Quota");
  if (positive(changes.CpuPeriod) && current.NanoCpus > 0) throw clash("CPU Period", "NanoCPUs");
  if (positive(changes.CpuQuota) && current.NanoCpus > 0) throw clash("CPU Quota", "NanoCPUs");
  const { Memory: memory = 0, MemorySwap: swap = 0 } = changes;
  if (memory > current.MemorySwap && current.MemorySwap !== -1 && swap === 0) {
    throw conflict(
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    );
  }
}

function changedPolicy(request: ContainerUpdateRequest, current: HostConfig) {
  const policy = request.RestartPolicy;
  if (policy === undefined || policy.Name === "") return undefined;
  const parsed = parseRestartPolicy(policy, false);
  if (current.AutoRemove && parsed.Name !== "no") {
    throw conflict(
      "Restart policy cannot be updated because AutoRemove is enabled for the container",
    );
  }
  return parsed;
}

/** The kernel takes limits together or not at all: after a refusal the old ones are put back. */
function applyLimits(
  context: EngineContext,
  container: Container,
  changes: Partial<Resources>,
): void {
  if (!container.alive || Object.keys(changes).length === 0) return;
  const { hostConfig, cgroupPath } = container.record;
  const cgroup = openCgroup(context.host.cgroup, cgroupPath);
  try {
    cgroup.update(resolveResources(changes));
  } catch (error) {
    const before = CHANGEABLE.filter((key) => key in changes);
    const old = Object.fromEntries(before.map((key) => [key, hostConfig[key]]));
    try {
      cgroup.update(resolveResources(old));
    } catch {
      // The first refusal is what the user has to hear of.
    }
    throw error;
  }
}

function update(
  context: EngineContext,
  container: Container,
  request: ContainerUpdateRequest,
  changes: Partial<Resources>,
): void {
  const { record } = container;
  if (container.removing) throw conflict('Container is marked for removal and cannot be "update".');
  const policy = changedPolicy(request, record.hostConfig);
  checkAgainstCurrent(changes, record.hostConfig);
  applyLimits(context, container, changes);
  const pids = changes.PidsLimit === -1 ? { PidsLimit: null } : {};
  record.hostConfig = {
    ...record.hostConfig,
    ...changes,
    ...pids,
    ...(policy === undefined ? {} : { RestartPolicy: policy }),
  };
  container.save();
}

/**
 * Changes the limits of a container, in place when it runs, and its restart policy. What the kernel cannot
 * enforce comes back as warnings; a refusal leaves everything as it was.
 */
export async function updateContainer(
  context: EngineContext,
  ref: string,
  request: ContainerUpdateRequest,
): Promise<ContainerUpdateResponse> {
  const { RestartPolicy: policy, PublishAdd: _, PublishRemove: __, ...others } = request;
  const { TakeOver: place, ...resources } = others;
  if (policy !== undefined && policy.Name !== "") parseRestartPolicy(policy, false);
  const warnings = validateResources(resources, context.host, { update: true });
  const changes = askedChanges(resources);
  const container = context.containers.get(ref);
  const giver = place === undefined ? undefined : context.containers.get(place.From);
  await lockBoth(container, giver, async () => {
    try {
      if (giver !== undefined) await takeOver(context, giver, container, place ?? { From: "" });
      await publishPorts(context, container, request);
      update(context, container, request, changes);
    } catch (error) {
      throw new EngineError(
        errorKind(error),
        `Cannot update container ${container.id}: ${errorMessage(error)}`,
        { cause: error },
      );
    }
    publishContainerEvent(context, container, "update");
  });
  return { Warnings: warnings.length > 0 ? warnings : null };
}
