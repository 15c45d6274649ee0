import type { ClusterHost } from "../cluster/index.ts";
import { RulesetWatch } from "../linux/netlink/index.ts";
import {
  type EndpointSettings,
  EngineError,
  errorMessage,
  type Network,
  type NetworkCheckReport,
  type NetworkCreateRequest,
  type NetworkCreateResponse,
  type NetworkSettings,
} from "../spec/index.ts";
import { NetworkCheck } from "./check/network-check.ts";
import { Firewall } from "./firewall.ts";
import { instanceName } from "./instance-name.ts";
import { NamePublisher } from "./name-publisher.ts";
import type { NetworkRecord, SandboxRecord } from "./network-record.ts";
import type {
  Join,
  JoinRequest,
  NetworkService,
  NetworkServiceOptions,
  RunningContainer,
} from "./network-service.ts";
import { NetworkTable } from "./network-table.ts";
import { NetworkWiring } from "./network-wiring.ts";
import { Networks } from "./networks.ts";
import { GatewayNetwork } from "./overlay/gateway-network.ts";
import { OverlayDriver } from "./overlay/overlay-driver.ts";
import { isOverlay, NOT_IN_CLUSTER, vxlanDevice } from "./overlay/overlay-options.ts";
import { PortPublisher, portElements, sandboxHolds } from "./port-publisher.ts";
import { RelayClient } from "./relay/relay-client.ts";
import type { PortElement } from "./ruleset.ts";
import { SandboxTable } from "./sandbox-table.ts";
import { Sandboxes } from "./sandboxes.ts";
import type { ServiceParts } from "./service-parts.ts";

const DEFAULT_MTU = 1500;
/** What somebody does in several steps, as a firewall that reloads, is answered once. */
const MEND_DELAY_MS = 200;

/**
 * The networks of one host: links, nftables and the port relay. Holds the parts together; what happens to
 * networks is in `networks.ts`, what happens to containers in `sandboxes.ts`.
 */
export class LocalNetworkService implements NetworkService {
  readonly #options: NetworkServiceOptions;
  readonly #instance: string;
  readonly #networks: NetworkTable;
  readonly #sandboxes: SandboxTable;
  readonly #firewall: Firewall;
  readonly #publisher: PortPublisher;
  readonly #names: NamePublisher;
  readonly #administration: Networks;
  readonly #joining: Sandboxes;
  readonly #parts: ServiceParts;
  #overlay: OverlayDriver | undefined;
  readonly #check: NetworkCheck;
  #started: NetworkWiring | undefined;
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
    const remote = () => this.#overlay?.names() ?? [];
    this.#names = new NamePublisher(this.#sandboxes, this.#networks, relay, remote);
    const parts: ServiceParts = {
      options,
      instance: this.#instance,
      networks: this.#networks,
      sandboxes: this.#sandboxes,
      firewall: this.#firewall,
      publisher: this.#publisher,
      names: this.#names,
      gateway: this.#gateway(),
      overlay: () => this.#overlay,
      wiring: () => this.#wiring,
      present: () => this.#present(),
      elements: () => this.#elements(),
      applyRules: () => this.#applyRules(),
    };
    this.#administration = new Networks(parts);
    this.#joining = new Sandboxes(parts);
    this.#check = new NetworkCheck(parts, relay, () => this.#elements());
    this.#parts = parts;
  }

  #gateway(): GatewayNetwork {
    return new GatewayNetwork(this.#networks, {
      create: (request) => this.#administration.create(request),
      remove: (id) => this.#administration.remove(id),
      inUse: (id) =>
        this.#sandboxes
          .records()
          .some(({ endpoints }) => endpoints.some(({ networkId }) => networkId === id)),
    });
  }

  /** A container whose address in an overlay network is somebody else's by now gets another one. */
  async #moveAddress(containerId: string, networkId: string): Promise<void> {
    const record = this.#sandboxes.get(containerId)?.record;
    const wishes = record?.endpoints.find((one) => one.networkId === networkId)?.wishes ?? {};
    const { IPAMConfig: _, ...rest } = wishes;
    await this.#joining.disconnect(networkId, containerId);
    await this.#joining.connect(networkId, containerId, rest);
  }

  inspectVerbose(ref: string): Promise<Network> {
    return this.#administration.inspectVerbose(ref);
  }

  async hosts(): Promise<ClusterHost[]> {
    if (this.#overlay !== undefined) return await this.#overlay.hosts();
    throw new EngineError("unavailable", NOT_IN_CLUSTER);
  }

  setHealth(containerId: string, healthy: boolean): void {
    this.#joining.setHealth(containerId, healthy);
  }

  join(request: JoinRequest): Promise<Join> {
    return this.#joining.join(request);
  }

  leave(containerId: string): void {
    this.#joining.leave(containerId);
  }

  settings(containerId: string): NetworkSettings | undefined {
    return this.#joining.settings(containerId);
  }

  publishPorts(...args: Parameters<NetworkService["publishPorts"]>): Promise<NetworkSettings> {
    return this.#joining.publishPorts(...args);
  }

  takeOver(...args: Parameters<NetworkService["takeOver"]>): Promise<void> {
    return this.#joining.takeOver(...args);
  }

  rename(containerId: string, name: string): void {
    this.#joining.rename(containerId, name);
  }

  connect(...args: Parameters<NetworkService["connect"]>): Promise<EndpointSettings> {
    return this.#joining.connect(...args);
  }

  disconnect(ref: string, containerId: string): Promise<void> {
    return this.#joining.disconnect(ref, containerId);
  }

  list(): Network[] {
    return this.#administration.list();
  }

  inspect(ref: string): Network {
    return this.#administration.inspect(ref);
  }

  create(request: NetworkCreateRequest): Promise<NetworkCreateResponse> {
    return this.#administration.create(request);
  }

  remove(ref: string): Promise<void> {
    return this.#administration.remove(ref);
  }

  async check(options: { repair: boolean }): Promise<NetworkCheckReport> {
    await Promise.all([this.settle(), this.#firewall.settle()]);
    const Found = await this.#check.find();
    if (!options.repair || Found.length === 0) return { Found, Remaining: Found };
    this.#firewall.distrust();
    await this.#agree();
    await this.#check.mendSandboxes();
    await this.#reconcilePorts();
    return { Found, Remaining: await this.#check.find() };
  }

  async start(): Promise<void> {
    const { cluster, mtu = DEFAULT_MTU } = this.#options;
    this.#started ??= new NetworkWiring(this.#instance, mtu, cluster?.host);
    this.#sandboxes.load();
    await this.#administration.ensureDefaults();
    this.#networks.claim(this.#sandboxes.records());
    if (cluster !== undefined && this.#overlay === undefined) {
      this.#overlay = new OverlayDriver(this.#parts, cluster, (containerId, networkId) =>
        this.#moveAddress(containerId, networkId),
      );
      await this.#overlay.start();
    }
    await this.#agree();
    this.#watch ??= new RulesetWatch(
      (table) => this.#firewall.ownerOf(table),
      () => this.#mendLater(),
      (error) => this.#options.warn?.(`Cannot watch the packet rules: ${errorMessage(error)}`),
    );
    this.#firewall.introduce();
    await this.#reconcilePorts();
  }

  /** Makes links of networks and packet rules agree with the records; repeatable at any time. */
  async #agree(): Promise<void> {
    const local = this.#networks.all().filter((network) => !isOverlay(network));
    for (const network of local) await this.#wiring.ensureNetwork(network);
    await this.#overlay?.mend();
    await this.#wiring.removeLinksExcept(this.#devices());
    this.#applyRules();
    await this.#followHost();
  }

  async restore(running: readonly RunningContainer[]): Promise<void> {
    const pids = new Map(running.map(({ id, pid }) => [id, pid]));
    for (const containerId of this.#sandboxes.containerIds()) {
      const sandbox = this.#sandboxes.get(containerId);
      const pid = pids.get(containerId);
      if (sandbox === undefined || pid === undefined) this.leave(containerId);
      else if (!this.#sandboxes.reopen(sandbox, pid)) this.leave(containerId);
    }
    await this.#settleSandboxes();
    this.#applyRules();
    await this.#reconcilePorts();
  }

  /** What a daemon was killed in the middle of. */
  async #settleSandboxes(): Promise<void> {
    const unsettled = this.#sandboxes.all().filter(({ record }) => record.unsettled === true);
    if (unsettled.length === 0) return;
    await this.#check.mendSandboxes(unsettled);
    for (const sandbox of unsettled) this.#sandboxes.update(sandbox, { unsettled: false });
  }

  async settle(): Promise<void> {
    await Promise.all([this.#publisher.settle(), this.#names.settle()]);
  }

  async close(): Promise<void> {
    this.#stopWatching();
    await Promise.all([this.settle(), this.#firewall.settle()]);
    await this.#overlay?.close({ leave: false });
    this.#overlay = undefined;
    this.#publisher.close();
    this.#sandboxes.close();
    this.#firewall.close();
    this.#started?.close();
    this.#started = undefined;
  }

  async cleanUp(): Promise<void> {
    this.#stopWatching();
    await this.#firewall.settle();
    await this.#firewall.dismiss(this.#networks.all()).catch((error: unknown) => {
      this.#options.warn?.(errorMessage(error));
    });
    this.#firewall.cleanUp();
    for (const containerId of this.#sandboxes.containerIds()) this.leave(containerId);
    await this.#names.settle();
    await this.#overlay?.close({ leave: true });
    this.#overlay = undefined;
    await this.#publisher.end();
    await this.#wiring.removeLinksExcept(new Set());
  }

  #stopWatching(): void {
    clearTimeout(this.#mending);
    this.#mending = undefined;
    this.#watch?.close();
    this.#watch = undefined;
  }

  get #wiring(): NetworkWiring {
    if (this.#started === undefined) throw new Error("the network service is not started");
    return this.#started;
  }

  #devices(): Set<string> {
    return new Set(
      this.#present().flatMap((network) => [
        ...[network.device ?? network.parent?.device ?? []].flat(),
        ...(isOverlay(network) ? [vxlanDevice(network)] : []),
      ]),
    );
  }

  /** Networks that have links on this host: an overlay network only where it has containers. */
  #present(): NetworkRecord[] {
    return this.#networks
      .all()
      .filter((network) => !isOverlay(network) || this.#overlay?.isPresent(network) === true);
  }

  #applyRules(): void {
    this.#firewall.apply(this.#present(), this.#elements());
  }

  async #reconcilePorts(): Promise<void> {
    for (const { hostIp, port, reason } of await this.#publisher.reconcile()) {
      this.#options.warn?.(`Cannot hold port ${hostIp}:${port} again: ${reason}`);
    }
  }

  /** Somebody has taken rules away, maybe ours. */
  #mendLater(): void {
    this.#mending ??= setTimeout(() => {
      this.#mending = undefined;
      this.#mend().catch((error: unknown) => {
        this.#options.warn?.(`Cannot verify the packet rules: ${errorMessage(error)}`);
      });
    }, MEND_DELAY_MS);
  }

  async #mend(): Promise<void> {
    if (this.#started === undefined) return;
    this.#firewall.verify(this.#present(), this.#elements());
    await this.#followHost();
  }

  /** Published ports obey what the host's firewall says about the host. */
  async #followHost(): Promise<void> {
    try {
      const refused = await this.#firewall.follow(
        (prefix, known) => this.#wiring.copyInputRules(prefix, known),
        () => this.#elements(),
      );
      for (const rules of refused) {
        this.#options.warn?.(`Published ports cannot obey all of the host's rules: ${rules}`);
      }
    } catch (error) {
      this.#options.warn?.(`Published ports do not obey the host's rules: ${errorMessage(error)}`);
    }
    await this.#firewall.admit(this.#present()).catch((error: unknown) => {
      this.#options.warn?.(errorMessage(error));
    });
  }

  #elements(): PortElement[] {
    return this.#sandboxes.records().flatMap(portElements);
  }
}
