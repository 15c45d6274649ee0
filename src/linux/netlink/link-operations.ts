import { writeFileSync } from "node:fs";
import { Errno, isErrno, SyscallError } from "../errno.ts";
import { closeNamespace, createNetworkNamespace, inNetworkNamespace } from "../namespace.ts";
import { forgetUdpFlows } from "./conntrack.ts";
import { copyInputRules, type InputCopy } from "./input-copy.ts";
import type { Message, ReceivedMessage } from "./message.ts";
import { type NamespaceSurvey, surveyNamespace } from "./namespace-survey.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import {
  type AddressInfo,
  addAddress,
  addBridgeNeighbour,
  addDefaultRoute,
  addDeviceRoute,
  type ChildLinkKind,
  createBridge,
  createChildLink,
  createDummy,
  createPair,
  createVeth,
  createVlan,
  decodeAddress,
  decodeLink,
  decodeRoute,
  deleteAddress,
  deleteLink,
  dumpAddresses,
  dumpLinks,
  dumpRoutes,
  getLink,
  isolatePort,
  type LinkInfo,
  type RouteInfo,
  setLink,
  setLinkAlias,
  setLinkUp,
  withoutLinkLocalAddress,
} from "./rtnetlink.ts";
import { createVxlan, type VxlanPeer, type VxlanRequest } from "./vxlan.ts";
import { changePeers, isSameVxlan, replacePeers } from "./vxlan-operations.ts";

export interface PrefixedAddress {
  address: string;
  prefix: number;
}

/** A link of a namespace that leads to a network. */
export interface Cable {
  /** A veth's host end is a port of a bridge; other kinds are children of a link of the host. */
  to: { hostDevice: string; bridge: string } | { parent: string; type: ChildLinkKind };
  /** Link name in the namespace. */
  device: string;
  macAddress: string;
  mtu: number;
  addresses: readonly PrefixedAddress[];
  /** Default gateways, at most one per family. */
  gateways: readonly string[];
  /** Families whose default route goes over the link without a gateway. */
  direct: readonly (4 | 6)[];
  /** Ports that are isolated reach the bridge, and no other port that is. */
  isolated: boolean;
  /** Below `/proc/sys/`, in the namespace: `net/ipv4/conf/eth0/log_martians` → `1`. */
  sysctls: Readonly<Record<string, string>>;
}

export interface BridgeRequest {
  name: string;
  /** Marks the bridge as ours, and whose of ours. */
  alias: string;
  macAddress: string;
  mtu: number;
  addresses: readonly PrefixedAddress[];
}

/** Everything that a new subnet must not overlap. */
export interface HostLinks {
  links: LinkInfo[];
  addresses: AddressInfo[];
  routes: RouteInfo[];
}

const LOOPBACK = 1;
/** The kernel's own table, of the host's addresses (rtnetlink(7)). */
const LOCAL_TABLE = 255;
/** Every bridge has it, as the address that its network's router has on that link. */
const BRIDGE_LINK_LOCAL: PrefixedAddress = { address: "fe80::1", prefix: 64 };

type LinkKind = "bridge" | "veth" | "macvlan" | "ipvlan" | "vlan" | "vxlan";

/** The kernel's option and module of each kind of link. */
const KERNEL_NAMES: Readonly<Record<LinkKind, readonly [option: string, module: string]>> = {
  bridge: ["BRIDGE", "bridge"],
  veth: ["VETH", "veth"],
  macvlan: ["MACVLAN", "macvlan"],
  ipvlan: ["IPVLAN", "ipvlan"],
  vlan: ["VLAN_8021Q", "8021q"],
  vxlan: ["VXLAN", "vxlan"],
};

function randomMac(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(5));
  return ["02", ...Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

function writeSettings(settings: Readonly<Record<string, string>>): void {
  for (const [path, value] of Object.entries(settings)) writeFileSync(`/proc/sys/${path}`, value);
}

const defined = <T>(value: T | undefined): value is T => value !== undefined;

/**
 * Links, addresses and routes by rtnetlink, synchronous: every call may wait for the kernel's one lock
 * over all of them, so this runs on a thread of its own (`link.worker.ts`).
 */
export class LinkOperations {
  readonly #host = new NetlinkSocket();

  /** An empty network namespace whose loopback is up; the file descriptor is all that keeps it. */
  createNamespace(): number {
    const { fd, result: socket } = createNetworkNamespace(() => new NetlinkSocket());
    try {
      socket.request([setLinkUp(LOOPBACK)]);
      return fd;
    } catch (error) {
      closeNamespace(fd);
      throw error;
    } finally {
      socket.close();
    }
  }

  /**
   * A network namespace with a loopback and a link per cable: the one of `createNamespace` that is given,
   * or a new one. The file descriptor is valid in the whole process and is the only thing that keeps the
   * namespace: closing it takes the links along. It is closed when this throws.
   */
  createSandbox(cables: readonly Cable[], namespace = this.createNamespace()): number {
    try {
      if (cables.length === 0) return namespace;
      const socket = inNetworkNamespace(namespace, () => new NetlinkSocket());
      try {
        for (const cable of cables) this.#plug(namespace, socket, cable);
        return namespace;
      } finally {
        socket.close();
      }
    } catch (error) {
      closeNamespace(namespace);
      throw error;
    }
  }

  /** One more link into a namespace. */
  plug(namespace: number, cable: Cable): void {
    const socket = inNetworkNamespace(namespace, () => new NetlinkSocket());
    try {
      this.#plug(namespace, socket, cable);
    } finally {
      socket.close();
    }
  }

  /** What is in a namespace, and the values of files below `/proc/sys/` there. */
  survey(namespace: number, settings: readonly string[]): NamespaceSurvey {
    return surveyNamespace(namespace, settings);
  }

  /** Makes a link of a namespace be as `plug` makes it: what is there and right already stays. */
  mend(namespace: number, cable: Cable): void {
    const { links } = surveyNamespace(namespace, []);
    const inside = links.find(({ name }) => name === cable.device);
    const port = "hostDevice" in cable.to ? this.findLink(cable.to.hostDevice) : undefined;
    const whole = inside !== undefined && ("parent" in cable.to || inside.parent === port?.index);
    if (!whole) {
      if ("hostDevice" in cable.to) this.removeLink(cable.to.hostDevice);
      this.unplugInside(namespace, cable.device);
      this.plug(namespace, cable);
      return;
    }
    if (port !== undefined && "hostDevice" in cable.to) {
      const master = this.#index(this.#host, cable.to.bridge);
      this.#host.request([setLink(port.index, { mtu: cable.mtu, master })]);
      this.#setPort(port.index, cable);
    }
    const socket = inNetworkNamespace(namespace, () => new NetlinkSocket());
    try {
      if (cable.mtu > 0) socket.request([setLink(inside.index, { mtu: cable.mtu })]);
      this.#configure(socket, cable);
    } finally {
      socket.close();
    }
    inNetworkNamespace(namespace, () => writeSettings(cable.sysctls));
  }

  /** Other default routes for a namespace, over the link that is named: by gateways, or `direct`. */
  route(
    namespace: number,
    device: string,
    gateways: readonly string[],
    direct: readonly (4 | 6)[],
  ): void {
    const socket = inNetworkNamespace(namespace, () => new NetlinkSocket());
    try {
      const index = this.#index(socket, device);
      socket.request([
        ...gateways.map((gateway) => addDefaultRoute(index, gateway)),
        ...direct.map((family) => addDeviceRoute(index, family)),
      ]);
    } finally {
      socket.close();
    }
  }

  /**
   * Deletes a link of the host, with its peer. Tens of milliseconds for a veth: let go of its namespace
   * instead where that is possible. Idempotent.
   */
  removeLink(name: string): void {
    const link = this.findLink(name);
    if (link !== undefined) this.#host.request([deleteLink(link.index)], [Errno.ENODEV]);
  }

  /**
   * Makes a bridge, or takes the one that is there, and gives it exactly these addresses. False when
   * somebody else made it: it keeps its own MAC address, MTU and further addresses then.
   */
  ensureBridge(request: BridgeRequest): boolean {
    const found = this.findLink(request.name);
    if (found === undefined) {
      // In one datagram: a process that is killed leaves no bridge that nobody takes for its own. A link-local
      // address of the kernel's own making is tentative for a second, and while it is, the bridge cannot ask
      // where to forward to.
      this.#make("bridge", request.name, [
        createBridge(request.name, request),
        setLinkAlias(request.name, request.alias),
        withoutLinkLocalAddress(request.name),
      ]);
    } else if (found.kind !== "bridge") throw new Error(`"${request.name}" is no bridge`);
    const index = found?.index ?? this.#index(this.#host, request.name);
    const ours = found === undefined || found.alias === request.alias;
    const ipv6 = request.addresses.some(({ address }) => address.includes(":"));
    const addresses = ipv6 ? [...request.addresses, BRIDGE_LINK_LOCAL] : request.addresses;
    if (ours && found !== undefined) {
      this.#dropAddresses(index, addresses);
      if (found.mtu !== request.mtu) this.#host.request([setLink(index, { mtu: request.mtu })]);
    }
    this.#host.request([
      ...addresses.map(({ address, prefix }) => addAddress(index, address, prefix)),
      setLinkUp(index),
    ]);
    return ours;
  }

  /**
   * Makes a VXLAN link that is a port of a bridge, or takes the one that is there if it has the same number,
   * address and port. A link of that name with others is made anew.
   */
  ensureVxlan(request: Omit<VxlanRequest, "bridge"> & { bridge: string; alias: string }): void {
    const bridge = this.#index(this.#host, request.bridge);
    const found = this.findLink(request.name);
    if (found !== undefined) {
      const answers = this.#host.request([getLink(request.name)]);
      if (isSameVxlan(answers, request) && found.master === bridge) return;
      this.#host.request([deleteLink(found.index)], [Errno.ENODEV]);
    }
    this.#make("vxlan", request.name, [createVxlan({ ...request, bridge })]);
    const index = this.#index(this.#host, request.name);
    this.#host.request([
      setLinkAlias(index, request.alias),
      withoutLinkLocalAddress(index),
      setLinkUp(index),
    ]);
  }

  /** Tells a VXLAN link of other hosts' containers. A link that is gone needs to know nothing. */
  changePeers(name: string, peers: readonly VxlanPeer[], gone: readonly VxlanPeer[]): void {
    const link = this.findLink(name);
    if (link !== undefined) changePeers(this.#host, link.index, peers, gone);
  }

  /** As `changePeers`; whoever is not listed is forgotten. */
  replacePeers(name: string, peers: readonly VxlanPeer[]): void {
    const link = this.findLink(name);
    if (link !== undefined) replacePeers(this.#host, link.index, peers);
  }

  /** Best effort: an old kernel refuses the filter, and one without connection tracking has no flows. */
  forgetUdpFlows(addresses: readonly string[]): void {
    const socket = new NetlinkSocket("netfilter");
    try {
      socket.request(addresses.map(forgetUdpFlows));
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
    } finally {
      socket.close();
    }
  }

  copyInputRules(...args: Parameters<typeof copyInputRules>): InputCopy | undefined {
    return copyInputRules(...args);
  }

  findLink(name: string): LinkInfo | undefined {
    try {
      return this.#host
        .request([getLink(name)])
        .map(decodeLink)
        .find(defined);
    } catch (error) {
      if (isErrno(error, Errno.ENODEV)) return undefined;
      throw error;
    }
  }

  /** As `hostLinks`, without the links and without the routes to the host itself: a fraction of the time. */
  hostRoutes(): HostLinks {
    return {
      links: [],
      addresses: this.#host.dump(dumpAddresses()).map(decodeAddress).filter(defined),
      routes: this.#host
        .dump(dumpRoutes())
        // struct rtmsg has the table as its fifth byte: two in three need no more of a look.
        .filter(({ payload }) => payload[4] !== LOCAL_TABLE)
        .map(decodeRoute)
        .filter(defined),
    };
  }

  hostLinks(): HostLinks {
    return {
      links: this.#host.dump(dumpLinks()).map(decodeLink).filter(defined),
      addresses: this.#host.dump(dumpAddresses()).map(decodeAddress).filter(defined),
      routes: this.#host.dump(dumpRoutes()).map(decodeRoute).filter(defined),
    };
  }

  close(): void {
    this.#host.close();
  }

  /**
   * A link that others can be children of: one that is there, a VLAN's sub-interface (`eth0.50`), or one of
   * our own that leads nowhere. True if it has been made now.
   */
  ensureParent(name: string, own: "isolated" | "vlan" | undefined, alias: string): boolean {
    const found = this.findLink(name);
    if (found !== undefined) {
      if (own !== undefined || !found.up) this.#host.request([setLinkUp(found.index)]);
      return false;
    }
    if (own === "isolated") this.#makeIsolated(name, alias);
    else this.#makeVlan(name, alias);
    this.#host.request([setLinkUp(this.#index(this.#host, name))]);
    return true;
  }

  #makeIsolated(name: string, alias: string): void {
    try {
      this.#host.request([createDummy(name), setLinkAlias(name, alias)]);
    } catch (error) {
      if (!isErrno(error, Errno.ENOTSUP)) throw error;
      // A kernel without dummies: a wire whose other end nobody has leads as far.
      const peer = `~${name.slice(0, 14)}`;
      this.#make("veth", name, [createPair(name, peer), setLinkAlias(name, alias)]);
      this.#host.request([setLinkUp(this.#index(this.#host, peer))]);
    }
  }

  #makeVlan(name: string, alias: string): void {
    const [, base = "", id = ""] = /^(.+)\.(\d{1,4})$/.exec(name) ?? [];
    if (base === "") {
      throw new Error(
        `link "${name}" does not exist; a VLAN's sub-interface is written as its link and number: eth0.10`,
      );
    }
    if (Number(id) < 1 || Number(id) > 4094) throw new Error(`invalid VLAN id ${id}: 1 to 4094`);
    const parent = this.findLink(base);
    if (parent === undefined) throw new Error(`link "${base}" does not exist`);
    this.#make("vlan", name, [
      createVlan(name, parent.index, Number(id)),
      setLinkAlias(name, alias),
    ]);
  }

  /** Throws in words where this kernel cannot make such links. */
  probeChild(parent: string, type: ChildLinkKind): void {
    const namespace = this.createNamespace();
    try {
      const index = this.#index(this.#host, parent);
      const request = { device: "probe", parent: index, macAddress: randomMac(), mtu: 0, type };
      this.#make(type.kind, "probe", [createChildLink({ ...request, namespace })]);
      // With its namespace it would go only later, and till then keep the parent from others.
      this.unplugInside(namespace, "probe");
    } finally {
      closeNamespace(namespace);
    }
  }

  /** Deletes a link inside of a namespace. Idempotent. */
  unplugInside(namespace: number, device: string): void {
    const socket = inNetworkNamespace(namespace, () => new NetlinkSocket());
    try {
      const [link] = socket
        .request([getLink(device)], [Errno.ENODEV])
        .map(decodeLink)
        .filter(defined);
      if (link !== undefined) socket.request([deleteLink(link.index)], [Errno.ENODEV]);
    } finally {
      socket.close();
    }
  }

  /** A kernel that does not know a kind of link says no more than that something is not supported. */
  #make(kind: LinkKind, name: string, messages: readonly Message[]): ReceivedMessage[] {
    try {
      return this.#host.request(messages);
    } catch (error) {
      if (!isErrno(error, Errno.ENOTSUP)) throw error;
      const [option, module] = KERNEL_NAMES[kind];
      const lack = `this kernel has no ${kind} links (CONFIG_${option}, module ${module})`;
      throw new Error(`Cannot make the link "${name}": ${lack}`, { cause: error });
    }
  }

  #plug(namespace: number, socket: NetlinkSocket, cable: Cable): void {
    const { to } = cable;
    if ("parent" in to) this.#plugChild(namespace, cable, to);
    else this.#plugVeth(namespace, cable, to);
    this.#configure(socket, cable);
    if (Object.keys(cable.sysctls).length > 0) {
      inNetworkNamespace(namespace, () => writeSettings(cable.sysctls));
    }
    // The bridge's port forwards only after the kernel has noticed that the other end is up, which it does
    // later by itself; asking makes it notice now (rtnl_getlink() calls linkwatch_sync_dev()).
    if ("hostDevice" in to) this.#host.request([getLink(to.hostDevice)]);
  }

  #plugVeth(namespace: number, cable: Cable, to: { hostDevice: string; bridge: string }): void {
    const bridge = this.#index(this.#host, to.bridge);
    const answers = this.#make("veth", to.hostDevice, [
      createVeth({
        hostDevice: to.hostDevice,
        bridge,
        mtu: cable.mtu,
        peer: { device: cable.device, macAddress: cable.macAddress, namespace },
      }),
      getLink(to.hostDevice),
    ]);
    const port = answers.map(decodeLink).find(defined);
    // The address may have belonged to a container whose port the kernel is still taking away.
    if (port !== undefined) this.#setPort(port.index, cable);
  }

  #setPort(port: number, { macAddress, isolated }: Cable): void {
    const isolation = isolated ? [isolatePort(port)] : [];
    this.#host.request([addBridgeNeighbour(port, macAddress), ...isolation]);
  }

  #plugChild(
    namespace: number,
    cable: Cable,
    { parent, type }: { parent: string; type: ChildLinkKind },
  ): void {
    const request = {
      device: cable.device,
      parent: this.#index(this.#host, parent),
      macAddress: cable.macAddress,
      mtu: cable.mtu,
      type,
      namespace,
    };
    this.#make(type.kind, cable.device, [createChildLink(request)]);
  }

  #configure(socket: NetlinkSocket, cable: Cable): void {
    const index = this.#index(socket, cable.device);
    const ipv6 = cable.addresses.some(({ address }) => address.includes(":"));
    socket.request([
      ...(ipv6 ? [] : [withoutLinkLocalAddress(index)]),
      ...cable.addresses.map(({ address, prefix }) => addAddress(index, address, prefix)),
      setLinkUp(index),
      ...cable.gateways.map((gateway) => addDefaultRoute(index, gateway)),
      ...cable.direct.map((family) => addDeviceRoute(index, family)),
    ]);
  }

  #index(socket: NetlinkSocket, name: string): number {
    const link = socket
      .request([getLink(name)])
      .map(decodeLink)
      .find(defined);
    if (link === undefined) throw new Error(`link "${name}" did not answer`);
    return link.index;
  }

  #dropAddresses(index: number, wanted: readonly PrefixedAddress[]): void {
    const present = this.#host.dump(dumpAddresses()).map(decodeAddress).filter(defined);
    const surplus = present.filter(
      ({ link, address, prefix }) =>
        link === index &&
        !wanted.some((other) => other.address === address && other.prefix === prefix),
    );
    this.#host.request(
      surplus.map(({ address, prefix }) => deleteAddress(index, address, prefix)),
      [Errno.EADDRNOTAVAIL],
    );
  }
}
