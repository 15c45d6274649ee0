import { type ClusterHost, ClusterSession, type ClusterStore } from "../../cluster/index.ts";
import {
  type EndpointSettings,
  EngineError,
  errorMessage,
  type NetworkCreateRequest,
  notFound,
} from "../../spec/index.ts";
import type { Collection } from "../../store/index.ts";
import type { NamedSandbox } from "../dns/named-sandbox.ts";
import type { EndpointRecord, NetworkRecord, SandboxRecord } from "../network-record.ts";
import { networkFromRequest } from "../network-request.ts";
import type { ServiceParts } from "../service-parts.ts";
import { macAddressFor, occupiedPrefixes } from "../subnet-choice.ts";
import { ActiveOverlay } from "./active-overlay.ts";
import { NetworkFollower } from "./network-follower.ts";
import { OverlayDirectory } from "./overlay-directory.ts";
import { addressesOf, type OverlayEndpoint, peerOf } from "./overlay-endpoint.ts";
import {
  checkOverlayOptions,
  isOverlay,
  OVERLAY_POOLS,
  overlayDevice,
  vxlanDevice,
} from "./overlay-options.ts";

/** How a daemon takes part in a cluster. */
export interface ClusterOptions {
  store: ClusterStore;
  host: ClusterHost;
}

/** An endpoint that is to get addresses. */
export interface EndpointDraft {
  id: string;
  wishes: Partial<EndpointSettings>;
  container: { name: string; containerId: string };
  names: string[];
  exposed: readonly string[];
}

type Addresses = Pick<EndpointRecord, "ipv4" | "ipv6">;

const CLAIM_ATTEMPTS = 40;
/** Entries that are told to the store at a time. */
const PARALLEL = 8;
/** Milliseconds that a network without containers is still followed: the next one may come at once. */
const LINGER = 5000;
/** Milliseconds that a start waits for the store. */
const PATIENCE = 4000;

/** Overlay networks of this host: what the cluster's store says, made true in the kernel and in names. */
export class OverlayDriver {
  readonly #parts: ServiceParts;
  readonly #cluster: ClusterOptions;
  readonly #session: ClusterSession;
  readonly #directory: OverlayDirectory;
  readonly #follower: NetworkFollower;
  readonly #known: Collection<OverlayEndpoint>;
  readonly #active = new Map<string, { overlay: ActiveOverlay; ready: Promise<void> }>();
  readonly #lingering = new Map<string, Timer>();
  /** Ids of endpoints whose addresses are being claimed. */
  readonly #claiming = new Map<string, string>();
  /** What the store has still to be told of. */
  readonly #unreleased = new Map<string, OverlayEndpoint>();
  readonly #pending = new Set<Promise<void>>();
  /** Hears of a container whose address somebody else has by now. */
  readonly #onConflict: (containerId: string, networkId: string) => Promise<void>;

  constructor(
    parts: ServiceParts,
    cluster: ClusterOptions,
    onConflict: (containerId: string, networkId: string) => Promise<void>,
  ) {
    this.#parts = parts;
    this.#cluster = cluster;
    this.#onConflict = onConflict;
    this.#session = new ClusterSession(cluster.store, cluster.host, {
      joined: () => this.#joined(),
      away: (reason) => this.#warn(`The cluster's store is away, what runs goes on: ${reason}`),
    });
    this.#directory = new OverlayDirectory(this.#session);
    this.#known = parts.options.records.collection<OverlayEndpoint>("overlay-endpoints");
    this.#follower = new NetworkFollower(cluster.store, parts, {
      inUse: (id) => this.#localEndpoints(id).length > 0,
      removed: (network) => this.#networkRemoved(network),
    });
  }

  /** With what was known before; the store is waited for, but not for long. */
  async start(): Promise<void> {
    const used: Promise<void>[] = [];
    for (const network of this.#parts.networks.all().filter(isOverlay)) {
      if (this.#localEndpoints(network.id).length > 0) used.push(this.#activate(network));
      else this.#forgetKnown(network.id);
    }
    const parts = [this.#session.start(), this.#follower.start(), ...used];
    const begun = Promise.allSettled(parts);
    await Promise.race([begun, Bun.sleep(PATIENCE)]);
  }

  /** Links and their entries as they are to be, whoever has changed them. */
  async mend(): Promise<void> {
    for (const { overlay } of this.#active.values()) {
      const network = this.#parts.networks.byId(overlay.networkId);
      if (network !== undefined) await this.#ensureLinks(network, overlay);
    }
  }

  async #ensureLinks(network: NetworkRecord, overlay: ActiveOverlay): Promise<void> {
    await this.#parts.wiring().ensureNetwork(network);
    const peers = overlay.remote().map(peerOf);
    await this.#parts.wiring().replacePeers(vxlanDevice(network), peers);
  }

  hosts(): Promise<ClusterHost[]> {
    return this.#session.hosts();
  }

  /** Has it links on this host? */
  isPresent({ id }: NetworkRecord): boolean {
    return this.#active.has(id);
  }

  async create(request: NetworkCreateRequest): Promise<NetworkRecord> {
    const occupied = occupiedPrefixes(await this.#parts.wiring().hostLinks());
    const local = this.#parts.networks.all().filter((network) => !isOverlay(network));
    const network = await this.#directory.createNetwork((present, vni) => {
      const networks = [...local, ...present];
      const decided = networkFromRequest(request, { networks, occupied, pools: OVERLAY_POOLS });
      checkOverlayOptions(decided);
      return { ...decided, device: overlayDevice(vni), overlay: { vni } };
    });
    this.#parts.networks.put(network);
    return network;
  }

  /** @throws permission-denied in Docker's words when a host has endpoints in it */
  async remove(network: NetworkRecord): Promise<void> {
    if (await this.#directory.removeNetwork(network.id)) {
      this.#networkRemoved(network);
      await this.settle();
      return;
    }
    const endpoints = await this.#directory.endpoints(network.id);
    const where = [...new Set(endpoints.map(({ hostName }) => hostName))].join(", ");
    throw new EngineError(
      "permission-denied",
      `error while removing network: network ${network.name} id ${network.id} has active endpoints on ${where}`,
    );
  }

  /** Every endpoint of the cluster; what was known last while the store is away. */
  async endpoints(network: NetworkRecord): Promise<OverlayEndpoint[]> {
    try {
      return await this.#directory.endpoints(network.id);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const remote = this.#active.get(network.id)?.overlay.remote() ?? [];
      return [...this.#localEndpoints(network.id), ...remote];
    }
  }

  /** Hosts whose containers those of this one can reach. */
  peers(networkId: string): { Name: string; IP: string }[] {
    const remote = this.#active.get(networkId)?.overlay.remote() ?? [];
    const hosts = new Map(
      remote.map(({ hostId, hostName, host }) => [hostId, { Name: hostName, IP: host }]),
    );
    if (this.#active.has(networkId)) {
      const { id, name, address } = this.#cluster.host;
      hosts.set(id, { Name: name, IP: address });
    }
    return [...hosts.values()];
  }

  /**
   * Addresses that nobody else in the cluster has.
   * @throws unavailable while the store is away, and Docker's words for addresses that are taken
   */
  async assign(network: NetworkRecord, draft: EndpointDraft): Promise<Addresses> {
    // Throws while the store is away.
    void this.#session.lease;
    this.#claiming.set(draft.id, network.id);
    try {
      await this.#activate(network);
      for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt++) {
        const addresses = this.#parts.networks.assignNext(
          network.id,
          draft.id,
          draft.wishes,
          attempt,
        );
        const endpoint = this.#endpoint(network.id, draft, addresses);
        if (await this.#claim(endpoint)) return addresses;
        this.#parts.networks.giveBack({ networkId: network.id, id: draft.id, ...addresses });
        await this.#refuse(network, draft);
      }
      throw new EngineError("unavailable", `no free address in network ${network.name} was found`);
    } catch (error) {
      this.#claiming.delete(draft.id);
      this.#lingerLater(network.id);
      throw error;
    }
  }

  /** Addresses that were asked for are not to be had, or the network has gone meanwhile. */
  async #refuse(network: NetworkRecord, { wishes }: EndpointDraft): Promise<void> {
    if (!(await this.#directory.networkExists(network.id))) {
      throw notFound(`network ${network.name} not found`);
    }
    const { IPv4Address, IPv6Address } = wishes.IPAMConfig ?? {};
    if (IPv4Address || IPv6Address) {
      throw new EngineError("permission-denied", "Address already in use");
    }
  }

  async #claim(endpoint: OverlayEndpoint): Promise<boolean> {
    try {
      return await this.#directory.claim(endpoint);
    } catch (error) {
      // It may have come through nevertheless.
      this.#unreleased.set(endpoint.id, endpoint);
      this.#parts.networks.giveBack(endpoint);
      throw error;
    }
  }

  /** The endpoint is in a sandbox's record from now on. */
  recorded(endpointId: string): void {
    this.#claiming.delete(endpointId);
  }

  /** Gives the addresses back to the cluster, in the background. */
  release(endpoint: EndpointRecord): void {
    this.#claiming.delete(endpoint.id);
    this.#parts.networks.giveBack(endpoint);
    const draft = { id: endpoint.id, wishes: {}, container: { name: "", containerId: "" } };
    const gone = this.#endpoint(endpoint.networkId, { ...draft, names: [], exposed: [] }, endpoint);
    this.#unreleased.set(gone.id, gone);
    this.#keep(this.#releaseNow(gone));
    this.#lingerLater(endpoint.networkId);
  }

  /** The others hear of a container's new name. */
  announce(sandbox: SandboxRecord): void {
    for (const endpoint of this.#endpointsOf(sandbox)) {
      this.#keep(this.#directory.update(endpoint).then(() => {}));
    }
  }

  /** Names of other hosts' containers. */
  names(): NamedSandbox[] {
    return [...this.#active.values()].flatMap(({ overlay }) =>
      overlay.remote().flatMap((endpoint) => this.#named(endpoint) ?? []),
    );
  }

  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  /** `leave`: the others see at once that this host is gone. */
  async close(options: { leave: boolean }): Promise<void> {
    await Promise.race([this.settle(), Bun.sleep(PATIENCE)]);
    this.#follower.close();
    for (const { overlay } of this.#active.values()) overlay.close();
    for (const timer of this.#lingering.values()) clearTimeout(timer);
    await this.#session.close(options);
  }

  /** Everything of ours is in the store again, and nothing that is no longer ours. */
  async #joined(): Promise<void> {
    for (const endpoint of [...this.#unreleased.values()]) await this.#releaseNow(endpoint);
    const own = this.#parts.sandboxes.records().flatMap((sandbox) => this.#endpointsOf(sandbox));
    for (let start = 0; start < own.length; start += PARALLEL) {
      await Promise.all(own.slice(start, start + PARALLEL).map((one) => this.#reannounce(one)));
    }
  }

  async #reannounce(endpoint: OverlayEndpoint): Promise<void> {
    if (await this.#directory.claim(endpoint)) return;
    const { containerId, containerName, networkId } = endpoint;
    if (!(await this.#directory.networkExists(networkId))) return;
    this.#warn(
      `Container "${containerName}" gets another address: ${addressesOf(endpoint).join(", ")} was given to somebody else while this host was away`,
    );
    // Not awaited: it needs the lease that this is a part of getting.
    this.#keep(this.#onConflict(containerId, networkId));
  }

  async #releaseNow(endpoint: OverlayEndpoint): Promise<void> {
    await this.#directory.release(endpoint);
    this.#unreleased.delete(endpoint.id);
  }

  #activate(network: NetworkRecord): Promise<void> {
    clearTimeout(this.#lingering.get(network.id));
    const present = this.#active.get(network.id);
    if (present !== undefined) return present.ready;
    const { store, host } = this.#cluster;
    const known = this.#known.all().filter(({ networkId }) => networkId === network.id);
    const overlay = new ActiveOverlay(store, host.id, network.id, known, {
      changed: (added, gone, whole) => this.#changed(network, added, gone, whole),
      own: (endpoints) => this.#releaseStrangers(endpoints),
    });
    for (const endpoint of known) this.#parts.networks.hold(endpoint);
    const ready = this.#bringUp(network, overlay);
    ready.catch(() => {});
    this.#active.set(network.id, { overlay, ready });
    return ready;
  }

  async #bringUp(network: NetworkRecord, overlay: ActiveOverlay): Promise<void> {
    try {
      await this.#ensureLinks(network, overlay);
      this.#parts.firewall.addNetwork(network, this.#parts.present(), this.#parts.elements);
      await overlay.start();
    } catch (error) {
      // With containers of ours in it, it is followed as soon as the store answers.
      if (this.#localEndpoints(network.id).length === 0) this.#deactivate(network);
      throw error;
    }
  }

  #changed(
    network: NetworkRecord,
    added: readonly OverlayEndpoint[],
    gone: readonly OverlayEndpoint[],
    whole: boolean,
  ): void {
    const device = vxlanDevice(network);
    const wiring = this.#parts.wiring();
    const told = whole
      ? wiring.replacePeers(device, added.map(peerOf))
      : wiring.changePeers(device, added.map(peerOf), gone.map(peerOf));
    this.#keep(told);
    for (const endpoint of gone) {
      this.#parts.networks.giveBack(endpoint);
      this.#known.delete(endpoint.id);
      this.#parts.names.forgetRemote(endpoint.id);
    }
    for (const endpoint of added) {
      this.#parts.networks.hold(endpoint);
      this.#known.put(endpoint.id, endpoint);
      const named = this.#named(endpoint);
      if (named !== undefined) this.#parts.names.tellRemote(named);
    }
  }

  /** Entries of this host that nothing here stands behind: left by a daemon that was killed. */
  #releaseStrangers(endpoints: readonly OverlayEndpoint[]): void {
    const own = new Set(
      this.#parts.sandboxes.records().flatMap((sandbox) => sandbox.endpoints.map(({ id }) => id)),
    );
    for (const endpoint of endpoints) {
      if (own.has(endpoint.id) || this.#claiming.has(endpoint.id)) continue;
      this.#keep(this.#directory.release(endpoint));
    }
  }

  /** Containers of this host are in it, or about to be. */
  #isUsed(networkId: string): boolean {
    const claimed = [...this.#claiming.values()].includes(networkId);
    return claimed || this.#localEndpoints(networkId).length > 0;
  }

  #lingerLater(networkId: string): void {
    if (this.#isUsed(networkId)) return;
    clearTimeout(this.#lingering.get(networkId));
    const timer = setTimeout(() => {
      this.#lingering.delete(networkId);
      const network = this.#parts.networks.byId(networkId);
      if (network !== undefined && !this.#isUsed(networkId)) this.#deactivate(network);
    }, LINGER);
    timer.unref();
    this.#lingering.set(networkId, timer);
  }

  #deactivate(network: NetworkRecord): void {
    const active = this.#active.get(network.id);
    if (active === undefined) return;
    active.overlay.close();
    this.#active.delete(network.id);
    for (const endpoint of active.overlay.remote()) {
      this.#parts.networks.giveBack(endpoint);
      this.#parts.names.forgetRemote(endpoint.id);
    }
    this.#forgetKnown(network.id);
    this.#parts.firewall.deleteNetwork(network, this.#parts.present(), this.#parts.elements);
    this.#keep(this.#parts.wiring().removeNetwork(network));
  }

  #networkRemoved(network: NetworkRecord): void {
    clearTimeout(this.#lingering.get(network.id));
    this.#deactivate(network);
    this.#parts.networks.delete(network.id);
    const left = this.#parts.networks.all().some(isOverlay);
    if (!left) this.#keep(this.#parts.gateway.removeUnused());
  }

  #forgetKnown(networkId: string): void {
    for (const { id, networkId: of } of this.#known.all()) {
      if (of === networkId) this.#known.delete(id);
    }
  }

  #localEndpoints(networkId: string): OverlayEndpoint[] {
    return this.#parts.sandboxes
      .records()
      .filter(({ endpoints }) => endpoints.some((one) => one.networkId === networkId))
      .flatMap((sandbox) => this.#endpointsOf(sandbox))
      .filter((endpoint) => endpoint.networkId === networkId);
  }

  #endpointsOf(sandbox: SandboxRecord): OverlayEndpoint[] {
    return sandbox.endpoints.flatMap((endpoint) => {
      const network = this.#parts.networks.byId(endpoint.networkId);
      if (network === undefined || !isOverlay(network)) return [];
      const { containerName: name, containerId, exposed } = sandbox;
      const { id, wishes, dnsNames, macAddress } = endpoint;
      const draft = { id, wishes, container: { name, containerId }, names: dnsNames, exposed };
      const plain = this.#endpoint(network.id, draft, endpoint);
      return { ...plain, macAddress, ...(sandbox.unhealthy === true ? { unhealthy: true } : {}) };
    });
  }

  #endpoint(networkId: string, draft: EndpointDraft, { ipv4, ipv6 }: Addresses): OverlayEndpoint {
    const { id, name, address, port } = this.#cluster.host;
    return {
      id: draft.id,
      networkId,
      containerId: draft.container.containerId,
      containerName: draft.container.name,
      names: draft.names,
      exposed: [...draft.exposed],
      macAddress: draft.wishes.MacAddress || macAddressFor(ipv4),
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
      hostId: id,
      hostName: name,
      host: address,
      port,
    };
  }

  #named(endpoint: OverlayEndpoint): NamedSandbox | undefined {
    const network = this.#parts.networks.byId(endpoint.networkId);
    if (network === undefined) return undefined;
    const { id, ipv4, ipv6, unhealthy } = endpoint;
    const named = {
      networkId: network.id,
      network: network.name,
      names: unhealthy === true ? [] : endpoint.names,
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
      links: {},
    };
    const { exposed } = endpoint;
    const upstream = { servers: [], ndots: false };
    return { id, remote: true, endpoints: [named], exposed, upstream };
  }

  #keep(work: Promise<void>): void {
    const settled = work.catch((error: unknown) => {
      // What the store could not be told waits until it is back.
      if (this.#session.reachable) this.#warn(errorMessage(error));
    });
    this.#pending.add(settled);
    settled.finally(() => this.#pending.delete(settled)).catch(() => {});
  }

  #warn(message: string): void {
    this.#parts.options.warn?.(message);
  }
}
