import {
  type Filters,
  filterFlag,
  invalidArgument,
  matchesLabels,
  type Network,
  type NetworkListOptions,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";

type Test = (network: Network) => boolean;

const PREDEFINED = new Set(["bridge", "host", "none"]);

export const isPredefined = ({ Name }: Network): boolean => PREDEFINED.has(Name);

/** Every network that passes the filters, in the order in which they were made. */
export async function listNetworks(
  context: Pick<EngineContext, "networks">,
  { filters, containers = false }: NetworkListOptions,
): Promise<Network[]> {
  const passes = networkFilter(filters);
  return context.networks
    .list()
    .filter(passes)
    .map((network) => (containers ? network : { ...network, Containers: {} }));
}

/** @throws invalid-argument with Docker's words */
function networkFilter(filters: Filters): Test {
  const tests = Object.entries(filters)
    .filter(([, values]) => values.length > 0)
    .map(([key, values]) => testFor(key, values, filters));
  return (network) => tests.every((test) => test(network));
}

function testFor(key: string, values: readonly string[], filters: Filters): Test {
  switch (key) {
    case "driver":
      return ({ Driver }) => values.includes(Driver);
    case "scope":
      return ({ Scope }) => values.includes(Scope);
    case "id":
      return ({ Id }) => values.some((value) => matches(Id, value));
    case "name":
      return ({ Name }) => values.some((value) => matches(Name, value));
    case "label":
      return ({ Labels }) => matchesLabels(values, Labels);
    case "type":
      return typeTest(values);
    case "dangling": {
      const wanted = filterFlag(filters, "dangling", false);
      return (network) =>
        wanted === (!isPredefined(network) && Object.keys(network.Containers).length === 0);
    }
    default:
      throw invalidArgument(`invalid filter '${key}'`);
  }
}

function typeTest(values: readonly string[]): Test {
  const wrong = values.find((value) => value !== "builtin" && value !== "custom");
  if (wrong !== undefined) throw invalidArgument(`invalid filter: 'type'='${wrong}'`);
  return (network) => values.includes(isPredefined(network) ? "builtin" : "custom");
}

/** A regular expression or, where it is none, a part of the text. */
function matches(text: string, pattern: string): boolean {
  if (text.includes(pattern)) return true;
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}
