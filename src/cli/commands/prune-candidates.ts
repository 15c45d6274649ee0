import type { EngineClient } from "../../client/index.ts";
import type { Filters } from "../../spec/index.ts";
import { parseTimestamp } from "../../spec/timestamp.ts";
import { CliError } from "../cli-error.ts";
import type { PruneResult } from "./prune.ts";

const PREDEFINED = ["bridge", "host", "none"];
const FILTERS = ["until", "label", "label!"];

/** What `container prune` would remove: found by lists, so that it holds for any daemon. */
export async function prunableContainers(
  { containers }: EngineClient,
  filters: Filters,
): Promise<PruneResult> {
  const matches = matcher(filters);
  const status = ["created", "exited", "dead"];
  const all = await containers.list({ all: true, size: true, filters: { status } });
  const found = all.filter(({ Created, Labels }) => matches(Created * 1000, Labels));
  return {
    title: "Would delete containers:",
    lines: found.map(({ Id }) => Id),
    reclaimed: found.reduce((sum, { SizeRw = 0 }) => sum + SizeRw, 0),
  };
}

/** What `network prune` would remove. */
export async function prunableNetworks(
  { networks }: EngineClient,
  filters: Filters,
): Promise<PruneResult> {
  const matches = matcher(filters);
  const all = await networks.list({ filters: { dangling: ["true"] } });
  const found = all.filter(
    ({ Name, Created, Labels }) =>
      !PREDEFINED.includes(Name) && matches(new Date(Created).getTime(), Labels),
  );
  return { title: "Would delete networks:", lines: found.map(({ Name }) => Name) };
}

type Matcher = (created: number, labels: Readonly<Record<string, string>> | null) => boolean;

/** The filters of prunes, on milliseconds of creation and labels. */
function matcher(filters: Filters): Matcher {
  const unknown = Object.keys(filters).find((key) => !FILTERS.includes(key));
  if (unknown !== undefined) throw new CliError(`invalid filter '${unknown}'`);
  const [until] = filters["until"] ?? [];
  const before = until === undefined ? Number.POSITIVE_INFINITY : milliseconds(until);
  const wanted = filters["label"] ?? [];
  const refused = filters["label!"] ?? [];
  return (created, labels) => {
    const has = (pair: string): boolean => {
      const [key = "", ...value] = pair.split("=");
      const own = labels?.[key];
      return own !== undefined && (value.length === 0 || own === value.join("="));
    };
    return created < before && wanted.every(has) && !refused.some(has);
  };
}

function milliseconds(text: string): number {
  try {
    return Number(parseTimestamp(text) / 1_000_000n);
  } catch (error) {
    throw new CliError(`invalid filter 'until=${text}'`, 1, { cause: error });
  }
}
