import type { NetworkDrift } from "../../spec/index.ts";
import type { EndpointRecord, NetworkRecord, SandboxRecord } from "../network-record.ts";

/** Which endpoint holds an address, by address, as the allocator of a network has it. */
export type Leases = ReadonlyMap<string, string>;

/** Addresses that are given out without an endpoint, or twice, and endpoints of no network. */
export function addressDrifts(
  networks: readonly NetworkRecord[],
  sandboxes: readonly SandboxRecord[],
  leasesOf: (networkId: string) => Leases,
): NetworkDrift[] {
  const endpoints = sandboxes.flatMap((sandbox) =>
    sandbox.endpoints.map((endpoint) => ({ endpoint, container: sandbox.containerName })),
  );
  const inNetwork = Map.groupBy(endpoints, ({ endpoint }) => endpoint.networkId);
  const problems = networks.flatMap((network) =>
    networkProblems(network, inNetwork.get(network.id) ?? [], leasesOf(network.id)),
  );
  const known = new Set(networks.map(({ id }) => id));
  for (const { endpoint, container } of endpoints) {
    if (known.has(endpoint.networkId)) continue;
    problems.push(`Container "${container}" is in a network that does not exist`);
  }
  return problems.map((Problem) => ({ Kind: "address", Problem }));
}

function networkProblems(
  { name }: NetworkRecord,
  members: readonly { endpoint: EndpointRecord; container: string }[],
  leases: Leases,
): string[] {
  const problems: string[] = [];
  const used = new Map<string, string>();
  for (const { endpoint, container } of members) {
    for (const address of [endpoint.ipv4, endpoint.ipv6]) {
      if (address === undefined) continue;
      const other = used.get(address);
      if (other !== undefined) {
        problems.push(`"${other}" and "${container}" both have ${address} in network "${name}"`);
      } else if (leases.get(address) !== endpoint.id) {
        problems.push(`The address ${address} of "${container}" in network "${name}" is not taken`);
      }
      used.set(address, container);
    }
  }
  for (const address of leases.keys()) {
    if (!used.has(address)) {
      problems.push(`The address ${address} of network "${name}" is taken, and nobody has it`);
    }
  }
  return problems;
}
