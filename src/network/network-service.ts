import type { ClusterHost } from "../cluster/index.ts";
import type {
  EndpointSettings,
  Network,
  NetworkCheckReport,
  NetworkCreateRequest,
  NetworkCreateResponse,
  NetworkSettings,
  PortMap,
} from "../spec/index.ts";
import type { RecordStore } from "../store/index.ts";
import type { UpstreamSettings } from "./dns/named-sandbox.ts";
import type { ClusterOptions } from "./overlay/overlay-driver.ts";

/** What one daemon's networks are made from. */
export interface NetworkServiceOptions {
  /** Holds the relay's socket; its name tells this daemon's table and bridge from another one's. */
  execRoot: string;
  records: RecordStore;
  /** `selfCommand()` with `port-relay --exec-root <execRoot>` behind it. */
  relayCommand: readonly string[];
  /** Link name of the default bridge; made if it is missing. `none` leaves the network out. */
  bridge?: string;
  /** Address and prefix of the default bridge: `10.9.0.1/24`. */
  bip?: string;
  /** Where subnets come from that nobody asked for by name. */
  defaultAddressPools?: readonly AddressPool[];
  /** Bytes. */
  mtu?: number;
  /** The other hosts of a cluster, for overlay networks. */
  cluster?: ClusterOptions;
  /** Hears of what went wrong where nobody waits for it. */
  warn?: (message: string) => void;
  /** Hears of every change that Docker has an event for. */
  onEvent?: (event: NetworkEvent) => void;
}

/** `base` is cut into subnets with prefixes of `size` bits. */
export interface AddressPool {
  base: string;
  size: number;
}

export interface NetworkEvent {
  action: "create" | "connect" | "disconnect" | "destroy";
  network: { id: string; name: string; driver: string };
  /** With `connect` and `disconnect`. */
  containerId?: string;
}

export interface JoinRequest {
  containerId: string;
  /** Without a slash. */
  name: string;
  hostname: string;
  /** HostConfig.NetworkMode: `default`, `bridge`, `host`, `none`, `container:<full id>` or a network. */
  networkMode: string;
  /** Network name or id → what was asked for; `networkMode`'s own network need not be listed. */
  endpoints: Record<string, Partial<EndpointSettings>>;
  portBindings: PortMap;
  publishAll: boolean;
  /** `80/tcp`: of the image and of `--expose`. */
  exposedPorts: readonly string[];
  macAddress?: string;
  /** Name servers of everything that is no container; none without. */
  upstream?: UpstreamSettings;
}

export interface Join {
  /** For the OCI specification; undefined is the host's own namespace. Good until `release`. */
  namespacePath: string | undefined;
  settings: NetworkSettings;
  /** Same as `leave(containerId)`. */
  release(): void;
}

/** A container that survived the daemon. */
export interface RunningContainer {
  id: string;
  /** Its first process, on the host. */
  pid: number;
}

/** What the container that takes over has from then on. */
export interface TakeOverPlace
  extends Pick<JoinRequest, "portBindings" | "publishAll" | "exposedPorts"> {
  /** Names in its networks, by the networks' names; absent networks keep theirs. */
  aliases: Record<string, string[]>;
}

/**
 * Networks and what is plugged into them. What the kernel holds follows from the records: `start` and
 * `restore` make the two agree again after a kill at any instant.
 *
 * `ref` is a full id, a name or a unique prefix of an id; unknown: `not-found`.
 */
export interface NetworkService {
  /**
   * Makes bridges, rules and published ports as the records say; the default networks exist afterwards.
   * Once, before everything else.
   */
  start(): Promise<void>;
  /** After `start`: forgets every endpoint of a container that is not listed, with ports and addresses. */
  restore(running: readonly RunningContainer[]): Promise<void>;

  /**
   * A network namespace for one start of a container, with links, addresses, routes and ports. Nothing is
   * left when it throws. Messages are Docker's.
   */
  join(request: JoinRequest): Promise<Join>;
  /**
   * Gives back addresses and ports and lets go of the namespace; the kernel takes the links along when the
   * last process has left. Idempotent. Rules go in the background: `settle` waits for them.
   */
  leave(containerId: string): void;
  settle(): Promise<void>;
  /** As `inspect` shows a running container; undefined when it is not joined. */
  settings(containerId: string): NetworkSettings | undefined;
  /**
   * Publishes other ports of a joined container than before; those that stay keep their host ports. When
   * it throws, the ports are as they were. Messages are Docker's.
   */
  publishPorts(
    containerId: string,
    ports: Pick<JoinRequest, "portBindings" | "publishAll" | "exposedPorts">,
  ): Promise<NetworkSettings>;
  /**
   * One container steps into another one's place: the host ports of `from` lead to `to` from one moment on
   * without having been free in between, and its names are those of `to`. What `from` published and `to`
   * does not ask for is published no more. When it throws, everything is as it was.
   */
  takeOver(from: string, to: string, place: TakeOverPlace): Promise<void>;
  /** The container has a new name. */
  rename(containerId: string, name: string): void;

  /** The oldest first. */
  list(): Network[];
  inspect(ref: string): Network;
  /** As `inspect`; of an overlay network every endpoint of the cluster, with its host. */
  inspectVerbose(ref: string): Promise<Network>;
  /** The hosts of the cluster. `unavailable` without a cluster, and while its store is away. */
  hosts(): Promise<ClusterHost[]>;
  /** Names in overlay networks do not lead to a container whose health check fails. */
  setHealth(containerId: string, healthy: boolean): void;
  create(request: NetworkCreateRequest): Promise<NetworkCreateResponse>;
  /** `permission-denied` for a pre-defined network and for one with endpoints. */
  remove(ref: string): Promise<void>;
  /** Plugs a joined container into one more network, while it runs. */
  connect(
    ref: string,
    containerId: string,
    endpoint: Partial<EndpointSettings>,
  ): Promise<EndpointSettings>;
  disconnect(ref: string, containerId: string): Promise<void>;

  /**
   * Tells where the kernel and the port relay are not as the records want them; with `repair` they are made
   * to be so, by the same steps as at the start.
   */
  check(options: { repair: boolean }): Promise<NetworkCheckReport>;

  /** Lets go of every namespace and connection; containers keep what they have. */
  close(): Promise<void>;
  /**
   * Takes everything off the host that this daemon made: bridges, rules, accept rules, published ports.
   * For `system stop --containers`; `start` makes it all again.
   */
  cleanUp(): Promise<void>;
}
