import { type Filters, invalidArgument, matchesLabels } from "../../spec/index.ts";
import type { Container } from "./container.ts";
import { compareTimes } from "./container-registry.ts";

const STATES = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
const HEALTH = ["none", "starting", "healthy", "unhealthy"];

/** What the filters need to know beside the container. */
export interface ListFilterContext {
  /** Throws for an unknown one. */
  find(ref: string): Container;
  /** Is the container's image the named one, or made from it? */
  descendsFrom(container: Container, image: string): boolean;
}

/** Does `ps` show it? Built once per call; throws Docker's words for a value that makes no sense. */
export function listFilter(
  filters: Filters,
  context: ListFilterContext,
): (container: Container) => boolean {
  const tests = Object.entries(filters)
    .filter(([, values]) => values.length > 0)
    .map(([key, values]) => testFor(key, values, context));
  return (container) => tests.every((test) => test(container));
}

type Test = (container: Container) => boolean;

function testFor(key: string, values: readonly string[], context: ListFilterContext): Test {
  const any = (matches: (container: Container, value: string) => boolean): Test => {
    return (container) => values.some((value) => matches(container, value));
  };
  switch (key) {
    case "id":
      return any((container, value) => container.id.startsWith(value));
    case "name":
      return nameTest(values);
    case "label":
      return (container) => matchesLabels(values, container.record.config.Labels);
    case "status":
      checkEach(key, values, STATES);
      return any((container, value) => container.record.state.status === value);
    case "health":
      checkEach(key, values, HEALTH);
      return any((container, value) => healthOf(container) === value);
    case "exited":
      return exitTest(values);
    case "ancestor":
      return any((container, value) => context.descendsFrom(container, value));
    case "before":
    case "since":
      return timeTest(key, values, context);
    case "volume":
      return any((container, value) =>
        container.record.mounts.some(
          (mount) => mount.destination === value || (mount.name ?? mount.source) === value,
        ),
      );
    case "network":
      return any((container, value) => isInNetwork(container, value));
    case "publish":
    case "expose":
      return portTest(key, values);
    case "is-task":
      return any((_container, value) => value !== "true" && value !== "1");
    default:
      return () => true;
  }
}

/** A pattern may match anywhere in the name, which is also tried with its slash. */
function nameTest(values: readonly string[]): Test {
  const patterns = values.map((value) => {
    try {
      return new RegExp(value);
    } catch {
      return undefined;
    }
  });
  return ({ name }) =>
    patterns.some((pattern, index) => {
      if (pattern === undefined) return name === values[index];
      return pattern.test(name) || pattern.test(`/${name}`);
    });
}

function exitTest(values: readonly string[]): Test {
  const codes = values.map((value) => {
    if (!/^[+-]?\d+$/.test(value)) {
      throw invalidArgument(
        `invalid filter 'exited=${value}': strconv.Atoi: parsing "${value}": invalid syntax`,
      );
    }
    return Number(value);
  });
  return (container) => {
    const { status, exitCode } = container.record.state;
    return !container.running && status !== "created" && codes.includes(exitCode);
  };
}

function timeTest(
  key: "before" | "since",
  values: readonly string[],
  context: ListFilterContext,
): Test {
  const others = values.map((value) => context.find(value).record.created);
  return (container) =>
    others.every((other) => {
      const order = compareTimes(container.record.created, other);
      return key === "before" ? order < 0 : order > 0;
    });
}

function portTest(key: string, values: readonly string[]): Test {
  const wanted = values.map((value) => {
    const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(value);
    if (match === null) throw invalidArgument(`invalid filter '${key}=${value}'`);
    const first = Number(match[1]);
    return { first, last: Number(match[2] ?? first), protocol: match[3] ?? "tcp" };
  });
  return ({ record }) => {
    const bindings = record.hostConfig.PortBindings ?? {};
    const ports =
      key === "publish" ? Object.keys(bindings) : Object.keys(record.config.ExposedPorts ?? {});
    return ports.some((text) => {
      const [port, protocol = "tcp"] = text.split("/");
      return wanted.some(
        (range) =>
          protocol === range.protocol && Number(port) >= range.first && Number(port) <= range.last,
      );
    });
  };
}

function isInNetwork({ record }: Container, value: string): boolean {
  return Object.entries(record.network.Networks).some(
    ([name, endpoint]) =>
      name === value || (endpoint.NetworkID !== "" && endpoint.NetworkID.startsWith(value)),
  );
}

function healthOf(container: Container): string {
  return container.record.state.health?.Status ?? "none";
}

function checkEach(key: string, values: readonly string[], allowed: readonly string[]): void {
  for (const value of values) {
    if (allowed.includes(value)) continue;
    const kind = key === "status" ? "state" : "health";
    throw invalidArgument(
      `invalid filter '${key}=${value}': invalid value for ${kind} (${value}): must be one of ${allowed.join(", ")}`,
    );
  }
}
