import {
  EngineError,
  type Filters,
  invalidArgument,
  matchesLabels,
  type NetworkPruneReport,
  parseTimestamp,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { isPredefined } from "./list-networks.ts";

/** Removes every network of a user's that nobody is in and that passes `until`, `label`, `label!`. */
export async function pruneNetworks(
  context: Pick<EngineContext, "networks" | "clock" | "events">,
  filters: Filters,
): Promise<NetworkPruneReport> {
  const [until, ...more] = filters["until"] ?? [];
  if (more.length > 0) throw invalidArgument("more than one until filter specified");
  const limit =
    until === undefined
      ? undefined
      : Number(parseTimestamp(until, context.clock.now()) / 1_000_000n);
  const unwanted = filters["label!"] ?? [];
  const doomed = context.networks
    .list()
    .filter(
      (network) =>
        !isPredefined(network) &&
        Object.keys(network.Containers).length === 0 &&
        (limit === undefined || Date.parse(network.Created) <= limit) &&
        matchesLabels(filters["label"], network.Labels) &&
        (unwanted.length === 0 || !matchesLabels(unwanted, network.Labels)),
    );
  const deleted: string[] = [];
  for (const { Id, Name } of doomed) {
    try {
      await context.networks.remove(Id);
      deleted.push(Name);
    } catch (error) {
      // Somebody has joined, or removed it, meanwhile.
      if (!(error instanceof EngineError)) throw error;
    }
  }
  context.events.publish({
    type: "network",
    action: "prune",
    id: "",
    attributes: { reclaimed: "0" },
  });
  return { NetworksDeleted: deleted.length === 0 ? null : deleted };
}
