import { conflict, EngineError, errorKind, invalidArgument } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import type { ContainerRecord, DescribedContainer } from "./container-record.ts";

type Context = Pick<EngineContext, "containers">;

/** Another container of the default bridge that is known by a name of this one's choosing. */
export interface Link {
  alias: string;
  other: Container;
  /** The other's at this moment; undefined while it does not run. */
  address: string | undefined;
}

/** `name:alias` or `name`, which is its own alias. */
function parseLink(link: string): { ref: string; alias: string } {
  const [ref = "", alias = "", ...rest] = link.split(":");
  if (ref === "" || rest.length > 0) throw invalidArgument(`bad format for links: ${link}`);
  return { ref, alias: (alias || ref).split("/").at(-1) ?? ref };
}

/** Elsewhere than in the default bridge the name server knows links. */
const legacyLinks = ({ hostConfig }: Pick<ContainerRecord, "hostConfig">): readonly string[] =>
  hostConfig.NetworkMode === "bridge" ? (hostConfig.Links ?? []) : [];

/** `--link` on the default bridge; containers that are not there any more are left out. */
export function linksOf(context: Context, { record }: DescribedContainer): Link[] {
  return legacyLinks(record).flatMap((link) => {
    const { ref, alias } = parseLink(link);
    const other = context.containers.find(ref);
    if (other === undefined) return [];
    const address = other.record.network.Networks["bridge"]?.IPAddress;
    return { alias, other, address: address === "" ? undefined : address };
  });
}

/**
 * Before a container with links is made: the others are there and have a network of their own.
 * @throws invalid-argument with Docker's words
 */
export function checkLinks(context: Context, record: Pick<ContainerRecord, "hostConfig">): void {
  for (const link of legacyLinks(record)) {
    const { ref } = parseLink(link);
    const other = find(context, ref);
    if (other.record.hostConfig.NetworkMode === "host") {
      throw invalidArgument(
        "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
      );
    }
  }
}

function find(context: Context, ref: string): Container {
  try {
    return context.containers.get(ref);
  } catch (error) {
    if (!(error instanceof EngineError) || errorKind(error) !== "not-found") throw error;
    // A client that reads "not found" here would say that the image is missing.
    throw invalidArgument(`could not get container for ${ref}: ${error.message}`, error);
  }
}

/** Before a container with links starts. @throws conflict, with Docker's words, unless the others run */
export function requireLinked(context: Context, container: Container): void {
  const { name } = container.record;
  for (const { other, alias, address } of linksOf(context, container)) {
    if (other.running && address !== undefined) continue;
    throw conflict(`Cannot link to a non running container: /${other.name} AS /${name}/${alias}`);
  }
}

/**
 * Variables that tell a container of the running ones that it is linked to, as Docker names them: address
 * and ports, and the others' own variables.
 */
export function linkEnvironment(context: Context, container: Container): string[] {
  return linksOf(context, container).flatMap(({ other, alias, address }) => {
    if (address === undefined) return [];
    const { Env, ExposedPorts } = other.record.config;
    return linkVariables({
      name: `/${container.record.name}/${alias}`,
      address,
      ports: Object.keys(ExposedPorts ?? {}),
      environment: Env ?? [],
    });
  });
}

interface LinkedPort {
  number: number;
  protocol: string;
}

/** TCP before others, then by number. */
function byProtocol(a: LinkedPort, b: LinkedPort): number {
  if (a.protocol === b.protocol) return a.number - b.number;
  if (a.protocol === "tcp" || b.protocol === "tcp") return a.protocol === "tcp" ? -1 : 1;
  return a.protocol < b.protocol ? -1 : 1;
}

/** `name` is `/container/alias`; `ports` are `80/tcp`. */
export function linkVariables(link: {
  name: string;
  address: string;
  ports: readonly string[];
  environment: readonly string[];
}): string[] {
  const { name, address } = link;
  const alias = (name.split("/").at(-1) ?? "").toUpperCase().replaceAll("-", "_");
  const ports = link.ports
    .map((text) => {
      const [number = "", protocol = "tcp"] = text.split("/");
      return { number: Number(number), protocol };
    })
    .sort(byProtocol);
  const url = ({ number, protocol }: LinkedPort) => `${protocol}://${address}:${number}`;
  const prefix = ({ number, protocol }: LinkedPort) =>
    `${alias}_PORT_${number}_${protocol.toUpperCase()}`;
  const own = link.environment.filter((entry) => /^(?!HOME=|PATH=)[^=]+=/.test(entry));
  return [
    ...ports.slice(0, 1).map((port) => `${alias}_PORT=${url(port)}`),
    ...ports.flatMap((port) => [
      `${prefix(port)}=${url(port)}`,
      `${prefix(port)}_ADDR=${address}`,
      `${prefix(port)}_PORT=${port.number}`,
      `${prefix(port)}_PROTO=${port.protocol}`,
    ]),
    ...ranges(ports).flatMap(([first, last]) => [
      `${prefix(first)}_START=${url(first)}`,
      `${prefix(first)}_PORT_START=${first.number}`,
      `${prefix(first)}_END=${url(last)}`,
      `${prefix(first)}_PORT_END=${last.number}`,
    ]),
    `${alias}_NAME=${name}`,
    ...own.map((entry) => `${alias}_ENV_${entry}`),
  ];
}

/** First and last of each run of two or more consecutive ports. */
function ranges(ports: readonly LinkedPort[]): [LinkedPort, LinkedPort][] {
  const runs: [LinkedPort, LinkedPort][] = [];
  for (const port of ports) {
    const run = runs.at(-1);
    if (run?.[1].protocol === port.protocol && run[1].number + 1 === port.number) run[1] = port;
    else runs.push([port, port]);
  }
  return runs.filter(([first, last]) => first !== last);
}
