import {
  conflict,
  type EndpointSettings,
  EngineError,
  errorKind,
  invalidArgument,
  type Network,
  type NetworkConnectRequest,
} from "../../spec/index.ts";
import type { Container } from "../containers/container.ts";
import { updateContainerFiles } from "../containers/container-files.ts";
import { emptyEndpoint } from "../containers/container-view.ts";
import type { EngineContext } from "../context.ts";

type Context = Pick<EngineContext, "networks" | "containers" | "config" | "store">;

const SHARED =
  "container sharing network namespace with another container or host cannot be connected to any other network";

/** Plugs a container into one more network: at once where it runs, else with its next start. */
export async function connectNetwork(
  context: Context,
  ref: string,
  request: NetworkConnectRequest,
): Promise<void> {
  const container = context.containers.get(request.Container);
  await container.lock.run(() =>
    connectLocked(context, ref, container, request.EndpointConfig ?? {}),
  );
}

async function connectLocked(
  context: Context,
  ref: string,
  container: Container,
  wishes: Partial<EndpointSettings>,
): Promise<void> {
  if (container.removing) {
    throw conflict(
      `Container ${container.id} is marked for removal and cannot be connected or disconnected to the network`,
    );
  }
  const { record } = container;
  const network = findNetwork(context, ref, container);
  const name = network?.Name ?? ref;
  checkModes(container, network);
  if (container.alive && network !== undefined) {
    await context.networks.connect(network.Id, container.id, wishes);
    const before = record.network;
    record.network = context.networks.settings(container.id) ?? before;
    updateContainerFiles(context, container, before, record.network);
  } else {
    record.network.Networks[name] = emptyEndpoint({ ...wishes, NetworkID: network?.Id ?? "" });
  }
  record.endpoints[name] = wishes;
  container.save();
}

/** A stopped container may be told of a network that is made only later. */
function findNetwork(context: Context, ref: string, container: Container): Network | undefined {
  try {
    return context.networks.inspect(ref);
  } catch (error) {
    if (errorKind(error) === "not-found" && !container.alive) return undefined;
    throw error;
  }
}

function checkModes({ record }: Container, network: Network | undefined): void {
  const { NetworkMode } = record.hostConfig;
  if (NetworkMode.startsWith("container:")) throw invalidArgument(SHARED);
  if (network?.Driver === "host" && NetworkMode !== "host") {
    throw invalidArgument(
      "cannot connect container to host network - container must be created in host network mode",
    );
  }
  const others = Object.keys(record.network.Networks).filter((other) => other !== network?.Name);
  if (NetworkMode === "host" && network?.Driver !== "host") throw invalidArgument(SHARED);
  if (NetworkMode === "none" || (network?.Driver === "null" && others.length > 0)) {
    throw new EngineError(
      "invalid-argument",
      "container cannot be connected to multiple networks with one of the networks in private (none) mode",
    );
  }
}
