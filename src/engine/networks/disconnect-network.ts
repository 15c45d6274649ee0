import {
  conflict,
  EngineError,
  errorKind,
  internal,
  invalidArgument,
  type Network,
  type NetworkDisconnectRequest,
} from "../../spec/index.ts";
import type { Container } from "../containers/container.ts";
import { updateContainerFiles } from "../containers/container-files.ts";
import type { EngineContext } from "../context.ts";

type Context = Pick<EngineContext, "networks" | "containers" | "config" | "store">;

/** Takes a container out of a network: at once where it runs, and for its next starts. */
export async function disconnectNetwork(
  context: Context,
  ref: string,
  { Container, Force }: NetworkDisconnectRequest,
): Promise<void> {
  const container = context.containers.get(Container);
  await container.lock.run(() => disconnectLocked(context, ref, container, Force));
}

async function disconnectLocked(
  context: Context,
  ref: string,
  container: Container,
  force: boolean,
): Promise<void> {
  if (container.removing) {
    throw conflict(
      `Container ${container.id} is marked for removal and cannot be connected or disconnected to the network`,
    );
  }
  const network = findNetwork(context, ref, !container.alive || force);
  const name = network?.Name ?? ref;
  const { record } = container;
  if (container.alive && network !== undefined) {
    if (record.hostConfig.NetworkMode === "host" && network.Driver === "host") {
      throw invalidArgument(
        "cannot disconnect container from host network - container was created in host network mode",
      );
    }
    await context.networks.disconnect(network.Id, container.id);
    const before = record.network;
    record.network = context.networks.settings(container.id) ?? before;
    updateContainerFiles(context, container, before, record.network);
  } else if (!(name in record.network.Networks)) {
    throw internal(`container ${container.id} is not connected to the network ${name}`);
  }
  delete record.network.Networks[name];
  for (const key of [name, network?.Id ?? name]) delete record.endpoints[key];
  container.save();
}

function findNetwork(context: Context, ref: string, optional: boolean): Network | undefined {
  try {
    return context.networks.inspect(ref);
  } catch (error) {
    if (optional && error instanceof EngineError && errorKind(error) === "not-found") {
      return undefined;
    }
    throw error;
  }
}
