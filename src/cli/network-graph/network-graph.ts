import type { EngineClient } from "../../client/index.ts";
import { joinHostPort } from "../format/ports.ts";

/** A container's place in a network. */
export interface GraphEndpoint {
  container: string;
  running: boolean;
  addresses: string[];
}

export interface GraphNetwork {
  name: string;
  driver: string;
  subnets: string[];
  internal: boolean;
  endpoints: GraphEndpoint[];
}

export interface GraphContainer {
  name: string;
  running: boolean;
  /** `0.0.0.0:8080 → 80/tcp`, each once for the addresses that share the numbers. */
  ports: string[];
}

export interface NetworkGraph {
  networks: GraphNetwork[];
  containers: GraphContainer[];
}

/** Networks, who is in them, and which ports lead in: of these networks alone if any are named. */
export async function readGraph(
  client: EngineClient,
  names: readonly string[],
): Promise<NetworkGraph> {
  const [listed, summaries] = await Promise.all([
    client.networks.list(),
    client.containers.list({ all: true }),
  ]);
  const known =
    names.length === 0
      ? listed
      : await Promise.all(names.map((name) => client.networks.inspect(name)));
  const networks = known.map((network): GraphNetwork => {
    const endpoints = summaries.flatMap(({ Names, State, NetworkSettings }) => {
      const settings = NetworkSettings?.Networks?.[network.Name];
      if (settings === undefined) return [];
      const addresses = [settings.IPAddress, settings.GlobalIPv6Address].filter(
        (text) => text !== "",
      );
      return [{ container: nameOf(Names), running: State === "running", addresses }];
    });
    return {
      name: network.Name,
      driver: network.Driver,
      subnets: (network.IPAM.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []),
      internal: network.Internal,
      endpoints: endpoints.sort((a, b) => (a.container < b.container ? -1 : 1)),
    };
  });
  const shown = new Set(
    networks.flatMap(({ endpoints }) => endpoints.map(({ container }) => container)),
  );
  const containers = summaries.map(({ Names, State, Ports }) => ({
    name: nameOf(Names),
    running: State === "running",
    ports: [...new Set((Ports ?? []).flatMap(portText))],
  }));
  return {
    networks: networks.sort(
      (a, b) => b.endpoints.length - a.endpoints.length || (a.name < b.name ? -1 : 1),
    ),
    containers: containers.filter(({ name }) => shown.has(name)),
  };
}

const nameOf = (names: readonly string[]): string => (names[0] ?? "/?").slice(1);

function portText(port: {
  IP?: string;
  PublicPort?: number;
  PrivatePort: number;
  Type: string;
}): string[] {
  if (port.PublicPort === undefined) return [];
  const everywhere = port.IP === undefined || ["0.0.0.0", "::", ""].includes(port.IP);
  const outside = everywhere
    ? `*:${port.PublicPort}`
    : joinHostPort(port.IP ?? "", String(port.PublicPort));
  return [`${outside} → ${port.PrivatePort}/${port.Type}`];
}
