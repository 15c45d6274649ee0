import { createHash } from "node:crypto";
import { Errno, isErrno } from "../linux/errno.ts";
import { closeNamespace, openNetworkNamespace } from "../linux/namespace.ts";
import { NftablesError } from "../linux/nftables.ts";
import {
  conflict,
  type EndpointSettings,
  EngineError,
  internal,
  type Network,
  type NetworkCreateRequest,
  type NetworkCreateResponse,
  type NetworkSettings,
  notFound,
} from "../spec/index.ts";
import type { Collection } from "../store/index.ts";
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
import { portRequests } from "./port-request.ts";
import { parseCidr } from "./prefix.ts";
import { freeDevice, newEndpoint, newId, plugsOf, publisherOf } from "./sandbox-plan.ts";
import { DEFAULT_POOLS, occupiedPrefixes } from "./subnet-choice.ts";

interface Sandbox {
  record: SandboxRecord;
  /** Holds the namespace; undefined where it is the host's. */
  fd: number | undefined;
}

const DEFAULT_EXEC_ROOT = "/run/berth";
const DEFAULT_MTU = 1500;
const SHARED = "container:";
const HOST_NAMESPACE = "/proc/1/ns/net";

/** What tells this daemon's objects on the host from another daemon's; empty for the usual one. */
function instanceSuffix(execRoot: string): string {
  if (execRoot === DEFAULT_EXEC_ROOT) return "";
  return `-${createHash("sha256").update(execRoot).digest("hex").slice(0, 8)}`;
}

/** Networks of Linux bridges, nftables and the port relay. */
export class BridgeNetworkService implements NetworkService {
  readonly #options: NetworkServiceOptions;
  readonly #instance: string;
  readonly #records: Collection<SandboxRecord>;
  readonly #networks: NetworkTable;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #firewall: Firewall;
  readonly #publisher: PortPublisher;
  #started: BridgeWiring | undefined;

  constructor(options: NetworkServiceOptions) {
    this.#options = options;
    this.#instance = `berth${instanceSuffix(options.execRoot)}`;
    this.#records = options.records.collection<SandboxRecord>("sandboxes");
    this.#networks = new NetworkTable(options.records.collection<NetworkRecord>("networks"));
    this.#firewall = new Firewall(this.#instance);
    this.#publisher = new PortPublisher(this.#firewall, {
      execRoot: options.execRoot,
      command: options.relayCommand,
      wanted: () => this.#all().flatMap(sandboxHolds),
    });
  }

  async start(): Promise<void> {
    this.#started ??= new BridgeWiring(this.#instance, this.#options.mtu ?? DEFAULT_MTU);
    for (const record of this.#records.all()) {
      if (!this.#sandboxes.has(record.containerId)) {
        this.#sandboxes.set(record.containerId, { record, fd: undefined });
      }
    }
    await this.#ensureDefaultNetworks();
    this.#networks.claim(this.#all());
    for (const network of this.#networks.all()) await this.#wiring.ensureBridge(network);
    await this.#wiring.removeBridgesExcept(this.#devices());
    this.#applyRules();
    await this.#publisher.reconcile();
  }

  async restore(running: readonly RunningContainer[]): Promise<void> {
    const pids = new Map(running.map(({ id, pid }) => [id, pid]));
    for (const [containerId, sandbox] of [...this.#sandboxes]) {
      const pid = pids.get(containerId);
      if (pid === undefined || !reopen(sandbox, pid)) this.leave(containerId);
    }
    this.#applyRules();
    await this.#publisher.reconcile();
  }

  async join(request: JoinRequest): Promise<Join> {
    const { containerId, networkMode } = request;
    if (networkMode.startsWith(SHARED))
      return this.#share(networkMode.slice(SHARED.length), request);
    if (this.#sandboxes.has(containerId)) {
      throw conflict(`container ${containerId} is already joined to its networks`);
    }
    const sandbox: Sandbox = { record: this.#plan(request), fd: undefined };
    this.#sandboxes.set(containerId, sandbox);
    try {
      this.#records.put(containerId, sandbox.record);
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
    const { record, fd } = sandbox;
    // No packet goes to an address any more before somebody else can get it.
    this.#publisher.withdraw(record);
    this.#sandboxes.delete(containerId);
    this.#records.delete(containerId);
    for (const endpoint of record.endpoints) this.#networks.giveBack(endpoint);
    if (fd !== undefined) closeNamespace(fd);
    this.#emit("disconnect", record, record.endpoints);
  }

  settle(): Promise<void> {
    return this.#publisher.settle();
  }

  settings(containerId: string): NetworkSettings | undefined {
    const sandbox = this.#sandboxes.get(containerId);
    return sandbox === undefined ? undefined : this.#settings(sandbox);
  }

  rename(containerId: string, name: string): void {
    const sandbox = this.#sandboxes.get(containerId);
    if (sandbox !== undefined) this.#update(sandbox, { containerName: name });
  }

  list(): Network[] {
    return this.#networks.all().map((network) => networkResource(network, []));
  }

  inspect(ref: string): Network {
    return networkResource(this.#networks.find(ref), this.#all());
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
    if (this.#all().some(({ endpoints }) => endpoints.some((e) => e.networkId === network.id))) {
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
    this.#update(sandbox, { endpoints: [...before, endpoint] });
    try {
      const plug = this.#plugs(sandbox).find((other) => other.endpoint === endpoint);
      if (plug !== undefined) await this.#wiring.plug(sandbox.fd ?? -1, plug);
      await this.#publish(sandbox);
    } catch (error) {
      this.#update(sandbox, { endpoints: before });
      await this.#wiring.unplug(endpoint);
      this.#networks.giveBack(endpoint);
      throw error;
    }
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
    this.#update(sandbox, { endpoints: record.endpoints.filter((other) => other !== endpoint) });
    if (endpoint.hostDevice !== "") await this.#wiring.unplug(endpoint);
    this.#networks.giveBack(endpoint);
    this.#emit("disconnect", record, [endpoint]);
    for (const plug of this.#plugs(sandbox)) {
      if (plug.gateways.length > 0) await this.#wiring.route(sandbox.fd ?? -1, plug);
    }
    await this.#publish(sandbox);
  }

  async close(): Promise<void> {
    await this.#publisher.settle();
    this.#publisher.close();
    for (const { fd } of this.#sandboxes.values()) if (fd !== undefined) closeNamespace(fd);
    this.#sandboxes.clear();
    this.#firewall.close();
    this.#started?.close();
    this.#started = undefined;
  }

  async cleanUp(): Promise<void> {
    this.#firewall.cleanUp();
    for (const containerId of [...this.#sandboxes.keys()]) this.leave(containerId);
    await this.#publisher.reconcile();
    await this.#wiring.removeBridgesExcept(new Set());
  }

  get #wiring(): BridgeWiring {
    if (this.#started === undefined) throw new Error("the network service is not started");
    return this.#started;
  }

  #all(): SandboxRecord[] {
    return [...this.#sandboxes.values()].map(({ record }) => record);
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
    const inUse = this.#all().some(({ endpoints }) =>
      endpoints.some(({ networkId }) => networkId === previous?.id),
    );
    if (previous !== undefined && inUse) return;
    const device =
      this.#options.bridge ?? `berth${this.#instance === "berth" ? "0" : this.#instance.slice(5)}`;
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
    this.#firewall.apply(this.#networks.all(), this.#all().flatMap(portElements));
  }

  async #demolish(network: NetworkRecord): Promise<void> {
    this.#networks.delete(network.id);
    this.#applyRules();
    if (network.device !== undefined) await this.#wiring.removeBridge(network.device);
  }

  /** The container's sandbox with addresses taken, before anything of it is made. */
  #plan(request: JoinRequest): SandboxRecord {
    const requests = portRequests(request.portBindings, request.publishAll, request.exposedPorts);
    const wanted = this.#wantedNetworks(request);
    const host = wanted.some(({ network }) => network.driver === "host");
    const endpoints: EndpointRecord[] = [];
    try {
      for (const { network, wishes } of wanted) {
        const device = freeDevice(endpoints);
        endpoints.push(newEndpoint(this.#networks, network, wishes, request, device));
      }
    } catch (error) {
      for (const endpoint of endpoints) this.#networks.giveBack(endpoint);
      throw error;
    }
    const published = requests.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
    const linked = endpoints.some(({ device }) => device !== "");
    return {
      id: newId(),
      containerId: request.containerId,
      containerName: request.name,
      hostname: request.hostname,
      mode: host ? "host" : "own",
      endpoints,
      portRequests: linked ? requests : [],
      exposed: linked ? [...new Set([...request.exposedPorts, ...published])] : [],
      published: [],
    };
  }

  /** The networks to join, the one of the network mode first. */
  #wantedNetworks(request: JoinRequest) {
    const { networkMode, endpoints, macAddress } = request;
    const mode = networkMode === "" || networkMode === "default" ? "bridge" : networkMode;
    if (mode === "bridge" && this.#options.bridge === "none") return [];
    const main = this.#networks.find(mode);
    const wanted = new Map<string, Partial<EndpointSettings>>([[main.id, {}]]);
    for (const [ref, wishes] of Object.entries(endpoints)) {
      const network = this.#networks.find(ref === "default" ? "bridge" : ref);
      // With `host` and `none` there is nothing else.
      if (main.driver === "bridge" || network === main) wanted.set(network.id, wishes);
    }
    return [...wanted].map(([id, wishes]) => {
      const network = this.#networks.find(id);
      const mac = network === main && macAddress ? { MacAddress: macAddress } : {};
      return { network, wishes: { ...mac, ...withoutResults(wishes) } };
    });
  }

  /** Namespace, links and ports; the ports are held while the kernel makes the links. */
  async #wire(sandbox: Sandbox): Promise<void> {
    if (sandbox.record.mode === "host") return;
    const made = this.#wiring.createSandbox(this.#plugs(sandbox)).then((fd) => {
      sandbox.fd = fd;
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
    this.#update(sandbox, { published, publisher });
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
    sandbox.record = { ...record, published: [] };
    this.#records.put(record.containerId, sandbox.record);
  }

  #plugs(sandbox: Sandbox) {
    const { endpoints } = sandbox.record;
    return plugsOf(endpoints, this.#networks.of(endpoints));
  }

  #update(sandbox: Sandbox, change: Partial<SandboxRecord>): void {
    sandbox.record = { ...sandbox.record, ...change };
    this.#records.put(sandbox.record.containerId, sandbox.record);
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

/** Finds a surviving container's namespace again; false when the process is gone. */
function reopen(sandbox: Sandbox, pid: number): boolean {
  if (sandbox.record.mode === "host" || sandbox.fd !== undefined) return true;
  try {
    sandbox.fd = openNetworkNamespace(`/proc/${pid}/ns/net`);
    return true;
  } catch (error) {
    if (isErrno(error, Errno.ENOENT, Errno.ESRCH)) return false;
    throw error;
  }
}

/** Good for as long as the sandbox is held; undefined is the host's own namespace. */
function namespacePath({ fd }: Sandbox): string | undefined {
  return fd === undefined ? undefined : `/proc/${process.pid}/fd/${fd}`;
}

/** What somebody asked for, without what `inspect` tells about an earlier run. */
function withoutResults(wishes: Partial<EndpointSettings>): Partial<EndpointSettings> {
  const { IPAMConfig, Links, Aliases, MacAddress, DriverOpts, GwPriority } = wishes;
  return {
    ...(IPAMConfig === undefined ? {} : { IPAMConfig }),
    ...(Links === undefined ? {} : { Links }),
    ...(Aliases === undefined ? {} : { Aliases }),
    ...(MacAddress === undefined || MacAddress === "" ? {} : { MacAddress }),
    ...(DriverOpts === undefined ? {} : { DriverOpts }),
    ...(GwPriority === undefined ? {} : { GwPriority }),
  };
}
