import { errorMessage, type NetworkSettings } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { updateContainerFiles } from "./container-files.ts";

/**
 * A daemon that dies between a change of a running container's networks or ports and the note of it leaves
 * two accounts. Of networks that of the network service counts: its links are there. Ports become again what
 * the container's own record says, which is what its next start would publish.
 */
export async function alignNetworks(
  context: Pick<EngineContext, "networks" | "containers" | "config" | "store" | "log">,
  container: Container,
): Promise<void> {
  const { record } = container;
  const now = context.networks.settings(container.id);
  // Another one's or the host's namespace has no account here.
  if (now === undefined || describe(now) === describe(record.network)) return;
  const before = record.network;
  alignEndpoints(container, now);
  record.network = now;
  if (describePorts(now) !== describePorts(before)) {
    try {
      record.network = await context.networks.publishPorts(container.id, {
        portBindings: record.hostConfig.PortBindings ?? {},
        publishAll: record.hostConfig.PublishAllPorts,
        exposedPorts: Object.keys(record.config.ExposedPorts ?? {}),
      });
    } catch (error) {
      context.log.error("Cannot publish the ports of a container again", {
        container: container.id,
        error: errorMessage(error),
      });
    }
  }
  updateContainerFiles(context, container, before, record.network);
  container.save();
}

/** What the next start joins. */
function alignEndpoints({ record }: Container, now: NetworkSettings): void {
  for (const [name, endpoint] of Object.entries(record.network.Networks)) {
    if (name in now.Networks) continue;
    delete record.endpoints[name];
    delete record.endpoints[endpoint.NetworkID];
  }
  for (const [name, endpoint] of Object.entries(now.Networks)) {
    if (name in record.network.Networks) continue;
    const { IPAMConfig, Links, Aliases, DriverOpts, GwPriority } = endpoint;
    record.endpoints[name] = { IPAMConfig, Links, Aliases, DriverOpts, GwPriority };
  }
}

const describePorts = ({ Ports }: NetworkSettings): string =>
  JSON.stringify(
    Object.entries(Ports ?? {})
      .filter(([, bindings]) => (bindings ?? []).length > 0)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );

const describe = (settings: NetworkSettings): string =>
  JSON.stringify([
    Object.values(settings.Networks)
      .map(({ EndpointID }) => EndpointID)
      .sort(),
    describePorts(settings),
  ]);
