import type { HostLinks } from "../linux/netlink/index.ts";
import {
  EngineError,
  errorMessage,
  internal,
  invalidArgument,
  type Network,
  type NetworkCreateRequest,
  type NetworkCreateResponse,
  type NetworkServiceInfo,
} from "../spec/index.ts";
import { defaultBridgeNetwork, devicelessNetwork } from "./default-networks.ts";
import { isPredefined, membersByNetwork, networkResource } from "./endpoint-settings.ts";
import { defaultBridge } from "./instance-name.ts";
import type { NetworkRecord } from "./network-record.ts";
import { networkFromRequest, prefixesOf } from "./network-request.ts";
import type { OverlayEndpoint } from "./overlay/overlay-endpoint.ts";
import { isOverlay, NO_CLUSTER } from "./overlay/overlay-options.ts";
import type { ServiceParts } from "./service-parts.ts";
import { DEFAULT_POOLS, occupiedPrefixes } from "./subnet-choice.ts";

const DEFAULT_MTU = 1500;

/** The networks themselves: made, shown and removed. */
export class Networks {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  list(): Network[] {
    const members = membersByNetwork(this.#parts.sandboxes.records());
    return this.#parts.networks.all().map((one) => networkResource(one, members.get(one.id)));
  }

  inspect(ref: string): Network {
    return this.#resource(this.#parts.networks.find(ref));
  }

  async inspectVerbose(ref: string): Promise<Network> {
    const network = this.#parts.networks.find(ref);
    const resource = this.inspect(ref);
    const overlay = this.#parts.overlay();
    if (!isOverlay(network) || overlay === undefined) return resource;
    return { ...resource, Services: servicesOf(await overlay.endpoints(network)) };
  }

  #resource(network: NetworkRecord): Network {
    const members = membersByNetwork(this.#parts.sandboxes.records());
    const resource = networkResource(network, members.get(network.id));
    if (!isOverlay(network)) return resource;
    return { ...resource, Peers: this.#parts.overlay()?.peers(network.id) ?? [] };
  }

  async create(request: NetworkCreateRequest): Promise<NetworkCreateResponse> {
    if (request.Driver === "overlay" && request.ConfigOnly !== true) {
      return await this.#createOverlay(request);
    }
    const network = await this.#newNetwork(request);
    if (await this.#tryParent(network)) {
      const { parent } = network;
      // A VLAN's sub-interface that was not there is ours, and goes with the network.
      if (parent !== undefined) network.parent = { ...parent, own: parent.own ?? "vlan" };
    }
    this.#parts.networks.put(network);
    try {
      await this.#parts.wiring().ensureNetwork(network);
      this.#parts.firewall.addNetwork(network, this.#parts.present(), this.#parts.elements);
    } catch (error) {
      await this.#demolish(network);
      throw internal(`Cannot create network "${network.name}": ${String(error)}`, error);
    }
    await this.#warn(this.#parts.firewall.admit([network]));
    this.#parts.options.onEvent?.({ action: "create", network });
    return { Id: network.id, Warning: "" };
  }

  async #newNetwork(request: NetworkCreateRequest): Promise<NetworkRecord> {
    const from = (host: HostLinks): NetworkRecord =>
      networkFromRequest(request, {
        networks: this.#parts.networks.all(),
        occupied: occupiedPrefixes(host),
        pools: this.#parts.options.defaultAddressPools ?? DEFAULT_POOLS,
      });
    try {
      return from(await this.#parts.wiring().hostRoutes());
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      // Once more, so that it says which links are in the way.
      return from(await this.#parts.wiring().hostLinks());
    }
  }

  async #createOverlay(request: NetworkCreateRequest): Promise<NetworkCreateResponse> {
    const overlay = this.#parts.overlay();
    if (overlay === undefined) throw new EngineError("unavailable", NO_CLUSTER);
    const network = await overlay.create(request);
    this.#parts.options.onEvent?.({ action: "create", network });
    return { Id: network.id, Warning: "" };
  }

  async #tryParent(network: NetworkRecord): Promise<boolean> {
    try {
      return await this.#parts.wiring().tryParent(network);
    } catch (error) {
      throw invalidArgument(
        `Cannot create network "${network.name}": ${errorMessage(error)}`,
        error,
      );
    }
  }

  async remove(ref: string): Promise<void> {
    const network = this.#parts.networks.find(ref);
    if (isPredefined(network.name)) {
      throw new EngineError(
        "permission-denied",
        `${network.name} is a pre-defined network and cannot be removed`,
      );
    }
    if (
      this.#parts.sandboxes
        .records()
        .some(({ endpoints }) => endpoints.some((e) => e.networkId === network.id))
    ) {
      throw new EngineError(
        "permission-denied",
        `error while removing network: network ${network.name} id ${network.id} has active endpoints`,
      );
    }
    const dependent = this.#parts.networks
      .all()
      .find(({ configFrom }) => configFrom === network.name);
    if (dependent !== undefined) {
      throw new EngineError(
        "permission-denied",
        `configuration network "${network.name}" is in use by network "${dependent.name}"`,
      );
    }
    const overlay = isOverlay(network) ? this.#parts.overlay() : undefined;
    if (overlay !== undefined) await overlay.remove(network);
    else await this.#demolish(network);
    this.#parts.options.onEvent?.({ action: "destroy", network });
  }

  /** `bridge`, `host` and `none`, as the options want them now. */
  async ensureDefaults(): Promise<void> {
    for (const name of ["host", "none"] as const) {
      if (this.#parts.networks.byName(name) === undefined)
        this.#parts.networks.put(devicelessNetwork(name));
    }
    const previous = this.#parts.networks.byName("bridge");
    if (this.#parts.options.bridge === "none") {
      if (previous !== undefined) this.#parts.networks.delete(previous.id);
      return;
    }
    const inUse = this.#parts.sandboxes
      .records()
      .some(({ endpoints }) => endpoints.some(({ networkId }) => networkId === previous?.id));
    if (previous !== undefined && inUse) return;
    const device = this.#parts.options.bridge ?? defaultBridge(this.#parts.instance);
    const {
      bip,
      defaultAddressPools: pools = DEFAULT_POOLS,
      mtu = DEFAULT_MTU,
    } = this.#parts.options;
    const taken = this.#parts.networks
      .all()
      .filter(({ name }) => name !== "bridge")
      .flatMap(prefixesOf);
    const options = { device, ...(bip === undefined ? {} : { bip }), pools, mtu };
    const host = await this.#parts.wiring().hostLinks();
    this.#parts.networks.put(defaultBridgeNetwork(options, host, taken, previous));
  }

  async #demolish(network: NetworkRecord): Promise<void> {
    this.#parts.networks.delete(network.id);
    this.#parts.firewall.deleteNetwork(network, this.#parts.present(), this.#parts.elements);
    await this.#warn(this.#parts.firewall.dismiss([network]));
    await this.#parts.wiring().removeNetwork(network);
  }

  /** What somebody else's firewall refuses keeps no network from being. */
  async #warn(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#parts.options.warn?.(errorMessage(error));
    }
  }
}

/** Endpoints by the names of their containers, in the form in which Docker shows those of other hosts. */
function servicesOf(endpoints: readonly OverlayEndpoint[]): Record<string, NetworkServiceInfo> {
  const sorted = [...endpoints].sort((a, b) => (a.containerName < b.containerName ? -1 : 1));
  const services: Record<string, NetworkServiceInfo> = {};
  for (const { id, containerId, containerName, names, ipv4, ipv6, host, hostName } of sorted) {
    const service = services[containerName] ?? { VIP: "", Ports: [], LocalLBIndex: 0, Tasks: [] };
    services[containerName] = service;
    service.Tasks.push({
      Name: containerName,
      EndpointID: id,
      EndpointIP: ipv4 ?? ipv6 ?? "",
      Info: {
        "Host IP": host,
        Host: hostName,
        Container: containerId,
        Names: names.join(","),
        ...(ipv6 === undefined ? {} : { IPv6: ipv6 }),
      },
    });
  }
  return services;
}
