import {
  type ContainerPruneReport,
  errorMessage,
  type Filters,
  invalidArgument,
  matchesLabels,
  parseTimestamp,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { removeContainer } from "./remove.ts";

/** Removes every container that does not run and passes the filters `until`, `label`, `label!`. */
export async function pruneContainers(
  context: EngineContext,
  filters: Filters,
): Promise<ContainerPruneReport> {
  const passes = pruneFilter(filters, context.clock.now());
  const doomed = [...context.containers.all()].filter(
    (container) => !container.running && passes(container),
  );
  const removed = await Promise.all(doomed.map((container) => pruneOne(context, container)));
  const done = removed.filter((entry) => entry !== undefined);
  const report = {
    ContainersDeleted: done.length === 0 ? null : done.map((entry) => entry.id),
    SpaceReclaimed: done.reduce((sum, entry) => sum + entry.size, 0),
  };
  context.events.publish({
    type: "container",
    action: "prune",
    id: "",
    attributes: { reclaimed: String(report.SpaceReclaimed) },
  });
  return report;
}

function pruneFilter(filters: Filters, now: number): (container: Container) => boolean {
  const [until, ...more] = filters["until"] ?? [];
  if (more.length > 0) throw invalidArgument("more than one until filter specified");
  const limit = until === undefined ? undefined : Number(parseTimestamp(until, now) / 1_000_000n);
  const unwanted = filters["label!"] ?? [];
  return ({ record }) =>
    (limit === undefined || Date.parse(record.created) <= limit) &&
    matchesLabels(filters["label"], record.config.Labels) &&
    (unwanted.length === 0 || !matchesLabels(unwanted, record.config.Labels));
}

async function pruneOne(
  context: EngineContext,
  container: Container,
): Promise<{ id: string; size: number } | undefined> {
  try {
    const size = await context.store.snapshots.writableSize(container.id);
    await removeContainer(context, container.id, { force: false, volumes: false, link: false });
    return { id: container.id, size };
  } catch (error) {
    context.log.warn("Cannot prune a container", {
      container: container.id,
      error: errorMessage(error),
    });
    return undefined;
  }
}
