import { type ContainerTakeOver, conflict } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";

/** Under the locks of both, taken in one order by everybody. */
export function lockBoth<T>(
  one: Container,
  other: Container | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (other === undefined || other === one) return one.lock.run(work);
  const [first, second] = one.id < other.id ? [one, other] : [other, one];
  return first.lock.run(() => second.lock.run(work));
}

/**
 * Puts a running container into another running one's place: published ports and names pass over from one
 * moment on. When it throws, both have what they had.
 */
export async function takeOver(
  context: Pick<EngineContext, "networks">,
  giver: Container,
  taker: Container,
  { PortBindings, Aliases = {} }: ContainerTakeOver,
): Promise<void> {
  if (giver === taker) throw conflict("a container cannot take over from itself");
  for (const container of [giver, taker]) {
    const { name, hostConfig } = container.record;
    const { NetworkMode } = hostConfig;
    if (!container.alive) throw conflict(`container ${name} is not running`);
    if (NetworkMode === "host" || NetworkMode.startsWith("container:")) {
      throw conflict(`container ${name} has no network of its own: ${NetworkMode}`);
    }
  }
  const bindings = PortBindings ?? giver.record.hostConfig.PortBindings ?? {};
  await context.networks.takeOver(giver.id, taker.id, {
    portBindings: bindings,
    publishAll: taker.record.hostConfig.PublishAllPorts,
    exposedPorts: Object.keys(taker.record.config.ExposedPorts ?? {}),
    aliases: Aliases,
  });
  taker.record.hostConfig.PortBindings = bindings;
  giver.record.hostConfig.PortBindings = {};
  for (const [network, names] of Object.entries(Aliases)) {
    taker.record.endpoints[network] = { ...taker.record.endpoints[network], Aliases: names };
    const given = giver.record.endpoints[network];
    const kept = given?.Aliases?.filter((alias) => !names.includes(alias));
    if (given !== undefined && kept !== undefined) {
      giver.record.endpoints[network] = { ...given, Aliases: kept };
    }
  }
  for (const container of [giver, taker]) {
    container.record.network = context.networks.settings(container.id) ?? container.record.network;
    container.save();
  }
}
