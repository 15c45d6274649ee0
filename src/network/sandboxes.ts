import {
  conflict,
  type EndpointSettings,
  EngineError,
  internal,
  type NetworkSettings,
  notFound,
} from "../spec/index.ts";
import { emptyNetworkSettings, endpointSettings, networkSettings } from "./endpoint-settings.ts";
import type { EndpointRecord, PortRequest, SandboxRecord } from "./network-record.ts";
import type { Join, JoinRequest, TakeOverPlace } from "./network-service.ts";
import { addressSource } from "./overlay/address-source.ts";
import { isOverlay } from "./overlay/overlay-options.ts";
import { keepPorts, portRequests } from "./port-request.ts";
import { replacePortRules } from "./replace-port-rules.ts";
import {
  type AddressSource,
  freeDevice,
  gatewayEndpointOf,
  newEndpoint,
  planSandbox,
  plugsOf,
  publisherOf,
} from "./sandbox-plan.ts";
import { namespacePath, type Sandbox } from "./sandbox-table.ts";
import type { ServiceParts } from "./service-parts.ts";
import { takeOver } from "./take-over.ts";
import { forgetUdpFlows } from "./udp-flows.ts";

const SHARED = "container:";
const HOST_NAMESPACE = "/proc/1/ns/net";

/** Joins containers to networks and lets them go: namespaces, endpoints, ports. */
export class Sandboxes {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  async join(request: JoinRequest): Promise<Join> {
    const { containerId, networkMode } = request;
    if (networkMode.startsWith(SHARED))
      return this.#share(networkMode.slice(SHARED.length), request);
    if (this.#parts.sandboxes.get(containerId) !== undefined) {
      throw conflict(`container ${containerId} is already joined to its networks`);
    }
    const { networks, gateway } = this.#parts;
    const planned = planSandbox(networks, this.#addresses, gateway, request);
    const sandbox = this.#parts.sandboxes.add(await planned);
    this.#recorded(sandbox.record.endpoints);
    try {
      await this.#wire(sandbox);
    } catch (error) {
      this.leave(containerId);
      throw error;
    }
    this.#emit("connect", sandbox.record, sandbox.record.endpoints);
    return this.#joined(sandbox);
  }

  leave(containerId: string): void {
    const sandbox = this.#parts.sandboxes.get(containerId);
    if (sandbox === undefined) return;
    const { record } = sandbox;
    // No packet goes to an address any more before somebody else can get it.
    this.#parts.publisher.withdraw(record);
    this.#parts.names.withdraw(record);
    if (sandbox.fd !== undefined) {
      const children = record.endpoints.filter(
        ({ hostDevice, device }) => hostDevice === "" && device !== "",
      );
      this.#parts.wiring().letGo(
        sandbox.fd,
        children.map(({ device }) => device),
      );
    }
    this.#parts.sandboxes.remove(sandbox);
    for (const endpoint of record.endpoints) this.#addresses.giveBack(endpoint);
    forgetUdpFlows(this.#parts, record);
    this.#emit("disconnect", record, record.endpoints);
  }

  settings(containerId: string): NetworkSettings | undefined {
    const sandbox = this.#parts.sandboxes.get(containerId);
    return sandbox === undefined ? undefined : this.#settings(sandbox);
  }

  async publishPorts(
    containerId: string,
    ports: Pick<JoinRequest, "portBindings" | "publishAll" | "exposedPorts">,
  ): Promise<NetworkSettings> {
    const sandbox = this.#running(containerId);
    const before = sandbox.record;
    const { portBindings, publishAll, exposedPorts } = ports;
    const requests = portRequests(portBindings, publishAll, exposedPorts);
    const exposed = requests.map((port) => `${port.containerPort}/${port.protocol}`);
    const portsWanted = keepPorts(requests, before.portRequests, before.published);
    await this.#changePorts(sandbox, portsWanted);
    this.#parts.sandboxes.update(sandbox, { exposed: [...new Set([...exposedPorts, ...exposed])] });
    return this.#settings(sandbox);
  }

  takeOver(from: string, to: string, place: TakeOverPlace): Promise<void> {
    return takeOver(this.#parts, from, to, place);
  }

  rename(containerId: string, name: string): void {
    const sandbox = this.#parts.sandboxes.get(containerId);
    if (sandbox === undefined) return;
    const { containerName: previous, endpoints } = sandbox.record;
    const renamed = (endpoint: EndpointRecord): EndpointRecord => ({
      ...endpoint,
      dnsNames: endpoint.dnsNames.map((known) => (known === previous ? name : known)),
    });
    this.#parts.sandboxes.update(sandbox, {
      containerName: name,
      endpoints: endpoints.map(renamed),
    });
    this.#parts.names.publishLater(sandbox);
    this.#parts.overlay()?.announce(sandbox.record);
  }

  setHealth(containerId: string, healthy: boolean): void {
    const sandbox = this.#parts.sandboxes.get(containerId);
    if (sandbox === undefined || (sandbox.record.unhealthy === true) === !healthy) return;
    this.#parts.sandboxes.update(sandbox, { unhealthy: !healthy });
    if (!this.#parts.networks.of(sandbox.record.endpoints).values().some(isOverlay)) return;
    this.#parts.names.publishLater(sandbox);
    this.#parts.overlay()?.announce(sandbox.record);
  }

  async connect(
    ref: string,
    containerId: string,
    wishes: Partial<EndpointSettings>,
  ): Promise<EndpointSettings> {
    const network = this.#parts.networks.find(ref);
    const sandbox = this.#running(containerId);
    const { record } = sandbox;
    if (record.endpoints.some(({ networkId }) => networkId === network.id)) {
      throw new EngineError(
        "permission-denied",
        `endpoint with name ${record.containerName} already exists in network ${network.name}`,
      );
    }
    const container = { ...record, name: record.containerName };
    const device = freeDevice(record.endpoints, network);
    const endpoint = await newEndpoint(this.#addresses, network, wishes, container, device);
    const before = sandbox.record.endpoints;
    const endpoints = [...before, endpoint];
    this.#parts.sandboxes.update(sandbox, { endpoints, unsettled: true });
    this.#recorded([endpoint]);
    try {
      const plug = this.#plugs(sandbox).find((other) => other.endpoint === endpoint);
      if (plug !== undefined) await this.#parts.wiring().plug(sandbox.fd ?? -1, plug);
      await this.#followGateway(sandbox);
      await this.#publish(sandbox);
    } catch (error) {
      this.#parts.sandboxes.update(sandbox, { endpoints: before });
      await this.#parts.wiring().unplug(endpoint, sandbox.fd);
      this.#addresses.giveBack(endpoint);
      this.#parts.sandboxes.update(sandbox, { unsettled: false });
      throw error;
    }
    this.#parts.sandboxes.update(sandbox, { unsettled: false });
    await this.#parts.names.publish(sandbox);
    this.#emit("connect", record, [endpoint]);
    return endpointSettings(endpoint, network);
  }

  async disconnect(ref: string, containerId: string): Promise<void> {
    const network = this.#parts.networks.find(ref);
    const sandbox = this.#parts.sandboxes.get(containerId);
    const endpoint = sandbox?.record.endpoints.find(({ networkId }) => networkId === network.id);
    if (sandbox === undefined || endpoint === undefined) {
      throw internal(`container ${containerId} is not connected to network ${network.name}`);
    }
    const { record } = sandbox;
    const endpoints = record.endpoints.filter((other) => other !== endpoint);
    if (record.publisher?.endpointId === endpoint.id) {
      // No packet goes there any more; the ports stay held, for the endpoint that takes over.
      this.#parts.publisher.shut(record);
      const portRequests = keepPorts(record.portRequests, record.portRequests, record.published);
      this.#parts.sandboxes.unpublish(sandbox, { endpoints, portRequests, unsettled: true });
      forgetUdpFlows(this.#parts, record);
    } else this.#parts.sandboxes.update(sandbox, { endpoints, unsettled: true });
    await this.#parts.wiring().unplug(endpoint, sandbox.fd);
    this.#addresses.giveBack(endpoint);
    this.#emit("disconnect", record, [endpoint]);
    await this.#followGateway(sandbox);
    for (const plug of this.#plugs(sandbox)) {
      if (plug.gateways.length + plug.direct.length > 0)
        await this.#parts.wiring().route(sandbox.fd ?? -1, plug);
    }
    await this.#publish(sandbox);
    this.#parts.sandboxes.update(sandbox, { unsettled: false });
    await this.#parts.names.refresh(sandbox);
  }

  /** Namespace, links and ports; the ports are held while the kernel makes the links. */
  async #wire(sandbox: Sandbox): Promise<void> {
    if (sandbox.record.mode === "host") return;
    const made = this.#parts
      .wiring()
      .createSandbox(this.#plugs(sandbox))
      .then((fd) => {
        sandbox.fd = fd;
        return this.#parts.names.publish(sandbox);
      });
    const published = this.#publish(sandbox);
    const results = await Promise.allSettled([made, published]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** An endpoint in the gateway bridge where a container needs one, and none where it does not. */
  async #followGateway(sandbox: Sandbox): Promise<void> {
    const { gateway, networks } = this.#parts;
    const { record } = sandbox;
    const present = record.endpoints.find((endpoint) => endpoint.gateway === true);
    const others = record.endpoints.filter((endpoint) => endpoint !== present);
    const lacking = gateway.lacking(others);
    if (present !== undefined && !lacking)
      await this.disconnect(present.networkId, record.containerId);
    if (present !== undefined || !lacking || sandbox.fd === undefined) return;
    const network = await gateway.network();
    const container = { ...record, name: record.containerName };
    const endpoint = await gatewayEndpointOf(this.#addresses, network, container, others);
    this.#parts.sandboxes.update(sandbox, { endpoints: [...others, endpoint] });
    const plug = plugsOf(sandbox.record.endpoints, networks.of(sandbox.record.endpoints)).find(
      (one) => one.endpoint === endpoint,
    );
    if (plug !== undefined) await this.#parts.wiring().plug(sandbox.fd, plug);
  }

  /** Addresses of this host's own networks come from its table, those of overlay networks from the cluster. */
  get #addresses(): AddressSource {
    return addressSource(this.#parts);
  }

  #recorded(endpoints: readonly EndpointRecord[]): void {
    const overlay = this.#parts.overlay();
    if (overlay !== undefined) for (const { id } of endpoints) overlay.recorded(id);
  }

  /** Publishes the ports if there is an endpoint for them and they are not published yet. */
  async #publish(sandbox: Sandbox): Promise<void> {
    const { portRequests, published } = sandbox.record;
    if (portRequests.length > 0 && published.length === 0) {
      await this.#changePorts(sandbox, portRequests);
    }
  }

  /** Publishes these ports in place of others; when it throws, everything is as it was. */
  async #changePorts(sandbox: Sandbox, portRequests: PortRequest[]): Promise<void> {
    const { record: before } = sandbox;
    const { publisher, sandboxes, networks } = this.#parts;
    const plug = publisherOf(before, networks.of(before.endpoints));
    if (plug === undefined || portRequests.length === 0) {
      publisher.withdraw(before);
      sandboxes.unpublish(sandbox, { portRequests });
      return;
    }
    const wanted = { ...before, portRequests };
    const published = await publisher.hold(wanted, plug.endpoint, plug.network);
    sandboxes.update(sandbox, {
      portRequests,
      published,
      publisher: { endpointId: plug.endpoint.id, bridge: plug.network.device ?? "" },
    });
    replacePortRules(this.#parts, [before], [sandbox.record]);
  }

  #plugs(sandbox: Sandbox) {
    const { endpoints } = sandbox.record;
    return plugsOf(endpoints, this.#parts.networks.of(endpoints));
  }

  #running(containerId: string): Sandbox {
    const sandbox = this.#parts.sandboxes.get(containerId);
    if (sandbox !== undefined) return sandbox;
    throw notFound(`container ${containerId} is not joined to any network`);
  }

  #share(owner: string, request: JoinRequest): Join {
    if (owner === request.containerId) throw internal("cannot join own network namespace");
    const sandbox = this.#parts.sandboxes.get(owner);
    if (sandbox === undefined) {
      throw conflict(
        `cannot join network namespace of a non running container: container ${owner} is not running`,
      );
    }
    return {
      namespacePath: namespacePath(sandbox),
      settings: emptyNetworkSettings(),
      release: () => {},
    };
  }

  #joined(sandbox: Sandbox): Join {
    return {
      namespacePath: namespacePath(sandbox),
      settings: this.#settings(sandbox),
      release: () => this.leave(sandbox.record.containerId),
    };
  }

  #settings({ record, fd }: Sandbox): NetworkSettings {
    const key = namespacePath({ record, fd }) ?? HOST_NAMESPACE;
    return networkSettings(record, this.#parts.networks.of(record.endpoints), key);
  }

  #emit(
    action: "connect" | "disconnect",
    { containerId }: SandboxRecord,
    endpoints: readonly EndpointRecord[],
  ): void {
    for (const { networkId } of endpoints) {
      const network = this.#parts.networks.byId(networkId);
      if (network !== undefined) this.#parts.options.onEvent?.({ action, network, containerId });
    }
  }
}
