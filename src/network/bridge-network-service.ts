import { RulesetWatch } from "../linux/netlink/index.ts";
import { NftablesError } from "../linux/nftables.ts";
import {
  conflict,
  type EndpointSettings,
  EngineError,
  errorMessage,
  internal,
  type Network,
  type NetworkCreateRequest,
  type NetworkCreateResponse,
  type NetworkSettings,
  notFound,
} from "../spec/index.ts";
import { BridgeWiring } from "./bridge-wiring.ts";
import { defaultBridgeNetwork, devicelessNetwork } from "./default-networks.ts";
import {
  emptyNetworkSettings,
  endpointSettings,
  isPredefined,
  networkResource,
  networkSettings,
} from "./endpoint-settings.ts";
import { Firewall } from "./firewall.ts";
import { defaultBridge, instanceName } from "./instance-name.ts";
import { NamePublisher } from "./name-publisher.ts";
import type { EndpointRecord, NetworkRecord, SandboxRecord } from "./network-record.ts";
import { networkFromRequest } from "./network-request.ts";
import type {
  Join,
  JoinRequest,
  NetworkService,
  NetworkServiceOptions,
  RunningContainer,
} from "./network-service.ts";
import { NetworkTable } from "./network-table.ts";
import { PortPublisher, portElements, sandboxHolds } from "./port-publisher.ts";
import { keepPorts, portRequests } from "./port-request.ts";
import { parseCidr } from "./prefix.ts";
import { RelayClient } from "./relay/relay-client.ts";
import { freeDevice, newEndpoint, planSandbox, plugsOf, publisherOf } from "./sandbox-plan.ts";
import { namespacePath, type Sandbox, SandboxTable } from "./sandbox-table.ts";
import { DEFAULT_POOLS, occupiedPrefixes } from "./subnet-choice.ts";

const DEFAULT_MTU = 1500;
/** What somebody does in several steps, as a firewall that reloads, is answered once. */
const MEND_DELAY_MS = 200;
const SHARED = "container:";
const HOST_NAMESPACE = "/proc/1/ns/net";

/** Networks of Linux bridges, nftables and the port relay. */
export class BridgeNetworkService implements NetworkService {
  readonly #options: NetworkServiceOptions;
  readonly #instance: string;
  readonly #networks: NetworkTable;
  readonly #sandboxes: SandboxTable;
  readonly #firewall: Firewall;
  readonly #publisher: PortPublisher;
  readonly #names: NamePublisher;
  #started: BridgeWiring | undefined;
  #watch: RulesetWatch | undefined;
  #mending: Timer | undefined;

  constructor(options: NetworkServiceOptions) {
    this.#options = options;
    this.#instance = instanceName(options.execRoot);
    this.#sandboxes = new SandboxTable(options.records.collection<SandboxRecord>("sandboxes"));
    this.#networks = new NetworkTable(options.records.collection<NetworkRecord>("networks"));
    this.#firewall = new Firewall(this.#instance);
    const relay = new RelayClient({
      execRoot: options.execRoot,
      command: options.relayCommand,
      wanted: () => this.#sandboxes.records().flatMap(sandboxHolds),
      wantedNames: () => this.#names.wanted(),
    });
    this.#publisher = new PortPublisher(this.#firewall, relay);
    this.#names = new NamePublisher(this.#sandboxes, this.#networks, relay);
  }

  async start(): Promise<void> {
    this.#started ??= new BridgeWiring(this.#instance, this.#options.mtu ?? DEFAULT_MTU);
    this.#sandboxes.load();
    await this.#ensureDefaultNetworks();
    this.#networks.claim(this.#sandboxes.records());
    for (const network of this.#networks.all()) await this.#wiring.ensureBridge(network);
    await this.#wiring.removeBridgesExcept(this.#devices());
    this.#applyRules();
    this.#watch ??= new RulesetWatch(
      () => this.#mendLater(),
      (error) => this.#options.warn?.(`Cannot watch the packet rules: ${errorMessage(error)}`),
    );
    await this.#reconcilePorts();
  }

  async restore(running: readonly RunningContainer[]): Promise<void> {
    const pids = new Map(running.map(({ id, pid }) => [id, pid]));
    for (const containerId of this.#sandboxes.containerIds()) {
      const sandbox = this.#sandboxes.get(containerId);
      const pid = pids.get(containerId);
      if (sandbox === undefined || pid === undefined) this.leave(containerId);
      else if (!this.#sandboxes.reopen(sandbox, pid)) this.leave(containerId);
    }
    this.#applyRules();
    await this.#reconcilePorts();
  }

  async join(request: JoinRequest): Promise<Join> {
    const { containerId, networkMode } = request;
    if (networkMode.startsWith(SHARED))
      return this.#share(networkMode.slice(SHARED.length), request);
    if (this.#sandboxes.get(containerId) !== undefined) {
      throw conflict(`container ${containerId} is already joined to its networks`);
    }
    const sandbox = this.#sandboxes.add(planSandbox(this.#networks, request));
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
    const sandbox = this.#sandboxes.get(containerId);
    if (sandbox === undefined) return;
    const { record } = sandbox;
    // No packet goes to an address any more before somebody else can get it.
    this.#publisher.withdraw(record);
    this.#names.withdraw(record);
    this.#sandboxes.remove(sandbox);
    for (const endpoint of record.endpoints) this.#networks.giveBack(endpoint);
    this.#forgetFlows(record);
    this.#emit("disconnect", record, record.endpoints);
  }

  async settle(): Promise<void> {
    await Promise.all([this.#publisher.settle(), this.#names.settle()]);
  }

  settings(containerId: string): NetworkSettings | undefined {
    const sandbox = this.#sandboxes.get(containerId);
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
    if (before.published.length > 0) this.#withdraw(sandbox);
    try {
      this.#sandboxes.update(sandbox, {
        portRequests: keepPorts(requests, before.portRequests, before.published),
        exposed: [...new Set([...exposedPorts, ...exposed])],
      });
      await this.#publish(sandbox);
    } catch (error) {
      const { exposed: known } = before;
      const kept = keepPorts(before.portRequests, before.portRequests, before.published);
      this.#sandboxes.update(sandbox, { portRequests: kept, exposed: known });
      await this.#publish(sandbox);
      throw error;
    }
    return this.#settings(sandbox);
  }

  rename(containerId: string, name: string): void {
    const sandbox = this.#sandboxes.get(containerId);
    if (sandbox === undefined) return;
    const { containerName: previous, endpoints } = sandbox.record;
    const renamed = (endpoint: EndpointRecord): EndpointRecord => ({
      ...endpoint,
      dnsNames: endpoint.dnsNames.map((known) => (known === previous ? name : known)),
    });
    this.#sandboxes.update(sandbox, { containerName: name, endpoints: endpoints.map(renamed) });
    this.#names.publishLater(sandbox);
  }

  list(): Network[] {
    const sandboxes = this.#sandboxes.records();
    return this.#networks.all().map((network) => networkResource(network, sandboxes));
  }

  inspect(ref: string): Network {
    return networkResource(this.#networks.find(ref), this.#sandboxes.records());
  }

  async create(request: NetworkCreateRequest): Promise<NetworkCreateResponse> {
    const occupied = occupiedPrefixes(await this.#wiring.hostLinks());
    const network = networkFromRequest(request, {
      networks: this.#networks.all(),
      occupied,
      pools: this.#options.defaultAddressPools ?? DEFAULT_POOLS,
    });
    this.#networks.put(network);
    try {
      await this.#wiring.ensureBridge(network);
      this.#applyRules();
    } catch (error) {
      await this.#demolish(network);
      throw internal(`Cannot create network "${network.name}": ${String(error)}`, error);
    }
    this.#options.onEvent?.({ action: "create", network });
    return { Id: network.id, Warning: "" };
  }

  async remove(ref: string): Promise<void> {
    const network = this.#networks.find(ref);
    if (isPredefined(network.name)) {
      throw new EngineError(
        "permission-denied",
        `${network.name} is a pre-defined network and cannot be removed`,
      );
    }
    if (
      this.#sandboxes
        .records()
        .some(({ endpoints }) => endpoints.some((e) => e.networkId === network.id))
    ) {
      throw new EngineError(
        "permission-denied",
        `error while removing network: network ${network.name} id ${network.id} has active endpoints`,
      );
    }
    await this.#demolish(network);
    this.#options.onEvent?.({ action: "destroy", network });
  }

  async connect(
    ref: string,
    containerId: string,
    wishes: Partial<EndpointSettings>,
  ): Promise<EndpointSettings> {
    const network = this.#networks.find(ref);
    const sandbox = this.#running(containerId);
    const { record } = sandbox;
    if (record.endpoints.some(({ networkId }) => networkId === network.id)) {
      throw new EngineError(
        "permission-denied",
        `endpoint with name ${record.containerName} already exists in network ${network.name}`,
      );
    }
    const container = { ...record, name: record.containerName };
    const device = freeDevice(record.endpoints);
    const endpoint = newEndpoint(this.#networks, network, wishes, container, device);
    const before = record.endpoints;
    this.#sandboxes.update(sandbox, { endpoints: [...before, endpoint] });
    try {
      const plug = this.#plugs(sandbox).find((other) => other.endpoint === endpoint);
      if (plug !== undefined) await this.#wiring.plug(sandbox.fd ?? -1, plug);
      await this.#publish(sandbox);
    } catch (error) {
      this.#sandboxes.update(sandbox, { endpoints: before });
      await this.#wiring.unplug(endpoint);
      this.#networks.giveBack(endpoint);
      throw error;
    }
    await this.#names.publish(sandbox);
    this.#emit("connect", record, [endpoint]);
    return endpointSettings(endpoint, network);
  }

  async disconnect(ref: string, containerId: string): Promise<void> {
    const network = this.#networks.find(ref);
    const sandbox = this.#sandboxes.get(containerId);
    const endpoint = sandbox?.record.endpoints.find(({ networkId }) => networkId === network.id);
    if (sandbox === undefined || endpoint === undefined) {
      throw internal(`container ${containerId} is not connected to network ${network.name}`);
    }
    const { record } = sandbox;
    if (record.publisher?.endpointId === endpoint.id) this.#withdraw(sandbox);
    this.#sandboxes.update(sandbox, {
      endpoints: record.endpoints.filter((other) => other !== endpoint),
    });
    if (endpoint.hostDevice !== "") await this.#wiring.unplug(endpoint);
    this.#networks.giveBack(endpoint);
    this.#emit("disconnect", record, [endpoint]);
    for (const plug of this.#plugs(sandbox)) {
      if (plug.gateways.length > 0) await this.#wiring.route(sandbox.fd ?? -1, plug);
    }
    await this.#publish(sandbox);
    await this.#names.refresh(sandbox);
  }

  async close(): Promise<void> {
    clearTimeout(this.#mending);
    this.#watch?.close();
    this.#watch = undefined;
    await this.settle();
    this.#publisher.close();
    this.#sandboxes.close();
    this.#firewall.close();
    this.#started?.close();
    this.#started = undefined;
  }

  async cleanUp(): Promise<void> {
    clearTimeout(this.#mending);
    this.#watch?.close();
    this.#watch = undefined;
    this.#firewall.cleanUp();
    for (const containerId of this.#sandboxes.containerIds()) this.leave(containerId);
    await this.#names.settle();
    await this.#publisher.end();
    await this.#wiring.removeBridgesExcept(new Set());
  }

  get #wiring(): BridgeWiring {
    if (this.#started === undefined) throw new Error("the network service is not started");
    return this.#started;
  }

  #devices(): Set<string> {
    return new Set(this.#networks.all().flatMap(({ device }) => device ?? []));
  }

  async #ensureDefaultNetworks(): Promise<void> {
    for (const name of ["host", "none"] as const) {
      if (this.#networks.byName(name) === undefined) this.#networks.put(devicelessNetwork(name));
    }
    const previous = this.#networks.byName("bridge");
    if (this.#options.bridge === "none") {
      if (previous !== undefined) this.#networks.delete(previous.id);
      return;
    }
    const inUse = this.#sandboxes
      .records()
      .some(({ endpoints }) => endpoints.some(({ networkId }) => networkId === previous?.id));
    if (previous !== undefined && inUse) return;
    const device = this.#options.bridge ?? defaultBridge(this.#instance);
    const { bip, defaultAddressPools: pools = DEFAULT_POOLS, mtu = DEFAULT_MTU } = this.#options;
    const taken = this.#networks
      .all()
      .filter(({ name }) => name !== "bridge")
      .flatMap(({ ipv4 }) => parseCidr(ipv4?.subnet ?? "")?.prefix ?? []);
    const options = { device, ...(bip === undefined ? {} : { bip }), pools, mtu };
    const host = await this.#wiring.hostLinks();
    this.#networks.put(defaultBridgeNetwork(options, host, taken, previous));
  }

  #applyRules(): void {
    this.#firewall.apply(this.#networks.all(), this.#sandboxes.records().flatMap(portElements));
  }

  async #reconcilePorts(): Promise<void> {
    for (const { hostIp, port, reason } of await this.#publisher.reconcile()) {
      this.#options.warn?.(`Cannot hold port ${hostIp}:${port} again: ${reason}`);
    }
  }

  /** Somebody has taken rules away, maybe ours. */
  #mendLater(): void {
    clearTimeout(this.#mending);
    this.#mending = setTimeout(() => {
      try {
        if (this.#started === undefined) return;
        const elements = this.#sandboxes.records().flatMap(portElements);
        this.#firewall.verify(this.#networks.all(), elements);
      } catch (error) {
        this.#options.warn?.(`Cannot verify the packet rules: ${errorMessage(error)}`);
      }
    }, MEND_DELAY_MS);
  }

  #forgetFlows({ published, endpoints, publisher }: SandboxRecord): void {
    if (!published.some(({ protocol }) => protocol === "udp")) return;
    const endpoint = endpoints.find(({ id }) => id === publisher?.endpointId);
    const addresses = [endpoint?.ipv4, endpoint?.ipv6].filter((address) => address !== undefined);
    this.#wiring.forgetUdpFlows(addresses).catch((error: unknown) => {
      this.#options.warn?.(`Cannot forget UDP flows: ${errorMessage(error)}`);
    });
  }

  async #demolish(network: NetworkRecord): Promise<void> {
    this.#networks.delete(network.id);
    this.#applyRules();
    if (network.device !== undefined) await this.#wiring.removeBridge(network.device);
  }

  /** Namespace, links and ports; the ports are held while the kernel makes the links. */
  async #wire(sandbox: Sandbox): Promise<void> {
    if (sandbox.record.mode === "host") return;
    const made = this.#wiring.createSandbox(this.#plugs(sandbox)).then((fd) => {
      sandbox.fd = fd;
      return this.#names.publish(sandbox);
    });
    const published = this.#publish(sandbox);
    const results = await Promise.allSettled([made, published]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** Publishes the ports if there is an endpoint for them and they are not published yet. */
  async #publish(sandbox: Sandbox): Promise<void> {
    const { record } = sandbox;
    if (record.portRequests.length === 0 || record.published.length > 0) return;
    const plug = publisherOf(record, this.#networks.of(record.endpoints));
    if (plug === undefined) return;
    const published = await this.#publisher.hold(record, plug.endpoint, plug.network);
    const publisher = { endpointId: plug.endpoint.id, bridge: plug.network.device ?? "" };
    this.#sandboxes.update(sandbox, { published, publisher });
    try {
      this.#publisher.open(sandbox.record);
    } catch (error) {
      if (!(error instanceof NftablesError)) throw error;
      // Somebody has flushed the host's rules: all of them are made again.
      this.#applyRules();
    }
  }

  #withdraw(sandbox: Sandbox): void {
    this.#publisher.withdraw(sandbox.record);
    const { publisher: _, ...record } = sandbox.record;
    sandbox.record = record;
    this.#sandboxes.update(sandbox, { published: [] });
  }

  #plugs(sandbox: Sandbox) {
    const { endpoints } = sandbox.record;
    return plugsOf(endpoints, this.#networks.of(endpoints));
  }

  #running(containerId: string): Sandbox {
    const sandbox = this.#sandboxes.get(containerId);
    if (sandbox !== undefined) return sandbox;
    throw notFound(`container ${containerId} is not joined to any network`);
  }

  #share(owner: string, request: JoinRequest): Join {
    if (owner === request.containerId) throw internal("cannot join own network namespace");
    const sandbox = this.#sandboxes.get(owner);
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
    return networkSettings(record, this.#networks.of(record.endpoints), key);
  }

  #emit(
    action: "connect" | "disconnect",
    { containerId }: SandboxRecord,
    endpoints: readonly EndpointRecord[],
  ): void {
    for (const { networkId } of endpoints) {
      const network = this.#networks.byId(networkId);
      if (network !== undefined) this.#options.onEvent?.({ action, network, containerId });
    }
  }
}
