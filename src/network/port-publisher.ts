import { internal } from "../spec/index.ts";
import type { Firewall } from "./firewall.ts";
import { everyAddress } from "./host-settings.ts";
import { gatewayMode } from "./network-options.ts";
import type {
  EndpointRecord,
  NetworkRecord,
  PortRequest,
  PublishedPort,
  SandboxRecord,
} from "./network-record.ts";
import { holdRequest, holdsOf, portError, publishedPorts } from "./port-request.ts";
import type { EndpointHolds, HoldFailure } from "./relay/protocol.ts";
import { HoldRefused, type RelayClient } from "./relay/relay-client.ts";
import { type PortElement, portElement } from "./ruleset.ts";

/** Address translation for a sandbox's published ports. */
export function portElements(sandbox: SandboxRecord): PortElement[] {
  const { publisher, published } = sandbox;
  const endpoint = sandbox.endpoints.find(({ id }) => id === publisher?.endpointId);
  if (endpoint === undefined || publisher === undefined) return [];
  return published.flatMap((port) => portElement(port, endpoint, publisher.bridge) ?? []);
}

/** What the relay has to hold for a sandbox. */
export function sandboxHolds(sandbox: SandboxRecord): EndpointHolds[] {
  const endpoint = sandbox.endpoints.find(({ id }) => id === sandbox.publisher?.endpointId);
  const held = sandbox.published.filter(({ hostPort }) => hostPort !== 0);
  if (endpoint === undefined || held.length === 0) return [];
  return [holdsOf(sandbox.id, held, addressesOf(endpoint))];
}

const addressesOf = ({ ipv4, ipv6 }: EndpointRecord): { ipv4?: string; ipv6?: string } => ({
  ...(ipv4 === undefined ? {} : { ipv4 }),
  ...(ipv6 === undefined ? {} : { ipv6 }),
});

/** Host addresses for ports that were published without one. */
function defaultAddresses(network: NetworkRecord): string[] {
  const option = network.options["com.docker.network.bridge.host_binding_ipv4"];
  const all =
    option === undefined || option === "" || option === "0.0.0.0" ? everyAddress() : [option];
  return all.filter((address) => isTranslated(network, address.includes(":") ? 6 : 4));
}

const isTranslated = (network: NetworkRecord, family: 4 | 6): boolean =>
  gatewayMode(network, family).startsWith("nat");

/** Published ports of families that are routed: reached at the container's own address. */
function routedPorts(
  requests: readonly PortRequest[],
  { ipv4, ipv6 }: EndpointRecord,
  network: NetworkRecord,
): PublishedPort[] {
  const families = [
    { family: 4, address: ipv4, hostIp: "0.0.0.0" },
    { family: 6, address: ipv6, hostIp: "::" },
  ] as const;
  return families.flatMap(({ family, address, hostIp }) => {
    if (address === undefined || gatewayMode(network, family) !== "routed") return [];
    return requests.map(({ protocol, containerPort }) => ({
      protocol,
      containerPort,
      hostIp,
      hostPort: 0,
    }));
  });
}

/** Published ports: held by the relay, and translated by the packet rules. */
export class PortPublisher {
  readonly #relay: RelayClient;
  readonly #firewall: Firewall;
  readonly #releasing = new Set<Promise<void>>();

  /** `relay` is closed with this. */
  constructor(firewall: Firewall, relay: RelayClient) {
    this.#firewall = firewall;
    this.#relay = relay;
  }

  /**
   * Holds the ports that a sandbox asks for, for one of its endpoints, in place of those that it held;
   * those that stay are not let go for a moment. Packets do not go there yet.
   * @param from a sandbox whose ports pass over to this one, likewise
   * @throws EngineError with Docker's words; what was held before is held then
   */
  async hold(
    sandbox: SandboxRecord,
    endpoint: EndpointRecord,
    network: NetworkRecord,
    from?: SandboxRecord,
  ): Promise<PublishedPort[]> {
    if (sandbox.portRequests.length === 0) return [];
    const open = routedPorts(sandbox.portRequests, endpoint, network);
    const everywhere = defaultAddresses(network);
    const requests = sandbox.portRequests
      .map((request) => holdRequest(request, everywhere, addressesOf(endpoint)))
      .filter(({ hostIps }) => hostIps.length > 0);
    if (requests.length === 0) {
      if (sandbox.published.length > 0) this.#release(sandbox);
      return open;
    }
    // A port that has just been given back is free before the next one asks.
    await this.settle();
    try {
      const ports = await this.#relay.hold(sandbox.id, requests, from?.id);
      return [...publishedPorts(requests, ports), ...open];
    } catch (error) {
      if (error instanceof HoldRefused) {
        const { containerName: name } = sandbox;
        throw portError({ name, id: endpoint.id }, requests, error.failure);
      }
      throw internal(`Cannot publish ports of "${sandbox.containerName}": ${String(error)}`, error);
    }
  }

  /** Lets packets through to what is held now, and not to what was held before, from one moment on. */
  replace(before: readonly SandboxRecord[], now: readonly SandboxRecord[]): void {
    const elements = (records: readonly SandboxRecord[]) =>
      new Map(records.flatMap(portElements).map((one) => [JSON.stringify(one), one]));
    const previous = elements(before);
    const wanted = elements(now);
    const without = <T>(all: Map<string, T>, others: Map<string, T>): T[] =>
      [...all].filter(([key]) => !others.has(key)).map(([, one]) => one);
    this.#firewall.replace(without(previous, wanted), without(wanted, previous));
  }

  /** Packets stop at once; the ports stay held. */
  shut(sandbox: SandboxRecord): void {
    this.#firewall.withdraw(portElements(sandbox));
  }

  /** Idempotent; packets stop at once, the ports are free when `settle` resolves. */
  withdraw(sandbox: SandboxRecord): void {
    if (sandbox.portRequests.length === 0) return;
    this.shut(sandbox);
    this.#release(sandbox);
  }

  #release(sandbox: SandboxRecord): void {
    const released = this.#relay.release(sandbox.id).catch(() => {
      // A relay that cannot be reached is replaced by one that holds what is wanted only.
    });
    this.#releasing.add(released);
    released.finally(() => this.#releasing.delete(released)).catch(() => {});
  }

  /** Makes the relay hold what is wanted; tells what it could not hold. */
  async reconcile(): Promise<HoldFailure[]> {
    await this.settle();
    return await this.#relay.reconcile();
  }

  /** Lets go of every port; the relay ends. */
  async end(): Promise<void> {
    await this.reconcile();
    await this.#relay.end();
  }

  async settle(): Promise<void> {
    while (this.#releasing.size > 0) await Promise.all(this.#releasing);
  }

  close(): void {
    this.#relay.close();
  }
}
