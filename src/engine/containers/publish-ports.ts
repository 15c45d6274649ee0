import {
  type ContainerUpdateRequest,
  conflict,
  type PortBinding,
  type PortMap,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";

const same = (one: PortBinding, other: PortBinding): boolean =>
  (one.HostIp ?? "") === (other.HostIp ?? "") && (one.HostPort ?? "") === (other.HostPort ?? "");

/** Bindings with some added and some taken away. Throws `conflict` for one that is not there. */
export function changedBindings(bindings: PortMap, added: PortMap, removed: PortMap): PortMap {
  const result: PortMap = { ...bindings };
  for (const [port, which] of Object.entries(removed)) {
    const present = result[port] ?? [];
    if (!(port in result)) throw conflict(`port ${port} is not published`);
    const rest =
      which === null ? [] : present.filter((old) => !which.some((one) => same(one, old)));
    if (which !== null && rest.length === present.length) {
      throw conflict(`port ${port} is not published there`);
    }
    if (rest.length > 0) result[port] = rest;
    else delete result[port];
  }
  for (const [port, list] of Object.entries(added)) {
    const present = result[port] ?? [];
    const wanted = list ?? [{ HostIp: "", HostPort: "" }];
    const fresh = wanted.filter((one) => !one.HostPort || !present.some((old) => same(one, old)));
    result[port] = [...present, ...fresh];
  }
  return result;
}

/** `update --publish-add`, `--publish-rm`: at once where the container runs, else with its next start. */
export async function publishPorts(
  context: Pick<EngineContext, "networks">,
  container: Container,
  { PublishAdd: added = {}, PublishRemove: removed = {} }: ContainerUpdateRequest,
): Promise<void> {
  if (Object.keys(added).length + Object.keys(removed).length === 0) return;
  const { record } = container;
  const { NetworkMode, PublishAllPorts } = record.hostConfig;
  if (NetworkMode === "host" || NetworkMode === "none" || NetworkMode.startsWith("container:")) {
    throw conflict(`conflicting options: port publishing and the network mode ${NetworkMode}`);
  }
  const bindings = changedBindings(record.hostConfig.PortBindings ?? {}, added, removed);
  const exposedPorts = Object.keys(record.config.ExposedPorts ?? {});
  if (container.alive) {
    record.network = await context.networks.publishPorts(container.id, {
      portBindings: bindings,
      publishAll: PublishAllPorts,
      exposedPorts,
    });
  }
  record.hostConfig.PortBindings = bindings;
  container.save();
}
