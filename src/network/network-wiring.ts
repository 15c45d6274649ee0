import { duplicateAbove } from "../linux/descriptor.ts";
import { Errno, isErrno } from "../linux/errno.ts";
import { closeNamespace } from "../linux/namespace.ts";
import {
  type BridgeRequest,
  type Cable,
  type HostLinks,
  type InputCopy,
  type LinkInfo,
  LinkThread,
  type NamespaceSurvey,
  type PrefixedAddress,
  type VxlanPeer,
} from "../linux/netlink/index.ts";
import { EngineError } from "../spec/index.ts";
import { childLinkKind } from "./child-links.ts";
import { endpointSysctls } from "./endpoint-options.ts";
import { enableIpv4Forwarding, enableIpv6Forwarding } from "./host-settings.ts";
import { gatewayMode, isOff, isOn, networkOption } from "./network-options.ts";
import type { EndpointRecord, NetworkRecord, SubnetRecord } from "./network-record.ts";
import { isOverlay, NO_CLUSTER, overlayMtu, vxlanDevice } from "./overlay/overlay-options.ts";
import { parseCidr } from "./prefix.ts";
import { macAddressFor } from "./subnet-choice.ts";

/** Where other hosts reach this one: an address, and a UDP port for VXLAN. */
export interface Underlay {
  address: string;
  port: number;
}

/** An endpoint with the network that it is in and the families whose default route goes through it. */
export interface Plug {
  endpoint: EndpointRecord;
  network: NetworkRecord;
  gateways: readonly string[];
  /** Families whose default route goes through it without a gateway. */
  direct: readonly (4 | 6)[];
}

/** About what a start takes. */
const SPARE_DELAY_MS = 30;

const prefixed = (address: string, { subnet }: SubnetRecord): PrefixedAddress => ({
  address,
  prefix: parseCidr(subnet)?.prefix.bits ?? 0,
});

const OWN_KINDS = new Set(["bridge", "dummy", "vlan", "veth", "vxlan"]);

/** An isolated family, and IPv4 where that is inhibited, has no address on the host. */
function hasBridgeAddress(network: NetworkRecord, family: 4 | 6): boolean {
  if (gatewayMode(network, family) === "isolated") return false;
  return family === 6 || !isOn(network, "bridge.inhibit_ipv4");
}

/** The prefixes of link-local addresses (RFC 3927, RFC 4291). */
const linkLocal = (address: string): PrefixedAddress => ({
  address,
  prefix: address.includes(":") ? 64 : 16,
});

/** Bridges, parents of other links, and the cables between them and network namespaces. */
export class NetworkWiring {
  readonly #links = new LinkThread();
  readonly #alias: string;
  readonly #mtu: number;
  /** An empty network namespace that waits for a container: a third of the time that a sandbox takes. */
  #spare: number | undefined;
  #preparing: Timer | undefined;
  readonly #underlay: Underlay | undefined;
  /** Of the link that leads to the other hosts, bytes. */
  #underlayMtu = 1500;

  /** `alias` marks the bridges of this daemon; `mtu` in bytes. */
  constructor(alias: string, mtu: number, underlay: Underlay | undefined) {
    this.#underlay = underlay;
    this.#alias = alias;
    this.#mtu = mtu;
  }

  hostLinks(): Promise<HostLinks> {
    return this.#links.call("hostLinks");
  }

  /** What a new subnet must not overlap, without the names of the links that it is of. */
  hostRoutes(): Promise<HostLinks> {
    return this.#links.call("hostRoutes");
  }

  /** Makes what a network has on the host be as its record says. */
  async ensureNetwork(network: NetworkRecord): Promise<void> {
    const { parent } = network;
    if (parent !== undefined) {
      await this.#links.call("ensureParent", parent.device, parent.own, this.#alias);
    } else if (isOverlay(network)) await this.#ensureOverlay(network);
    else await this.#ensureBridge(network);
  }

  /** Refuses a network whose links this kernel cannot make; makes its parent. True if that is ours now. */
  async tryParent(network: NetworkRecord): Promise<boolean> {
    const { parent } = network;
    if (parent === undefined) return false;
    const made = await this.#links.call("ensureParent", parent.device, parent.own, this.#alias);
    try {
      await this.#links.call("probeChild", parent.device, childLinkKind(network));
    } catch (error) {
      if (made) await this.#links.call("removeLink", parent.device);
      throw error;
    }
    return made;
  }

  async #ensureBridge(network: NetworkRecord): Promise<void> {
    const request = this.bridgeOf(network);
    if (request === undefined) return;
    await this.#links.call("ensureBridge", request);
    if (network.ipv4 !== undefined) enableIpv4Forwarding();
    if (network.ipv6 !== undefined) enableIpv6Forwarding();
  }

  /** The bridge that a network is to have; undefined for other kinds of networks. */
  bridgeOf(network: NetworkRecord): BridgeRequest | undefined {
    const { device, ipv4, ipv6 } = network;
    if (device === undefined) return undefined;
    const reached = !isOverlay(network);
    const families = [
      reached && hasBridgeAddress(network, 4) ? ipv4 : undefined,
      reached && hasBridgeAddress(network, 6) ? ipv6 : undefined,
    ];
    return {
      name: device,
      alias: this.#alias,
      macAddress: macAddressFor(undefined),
      mtu: this.#mtuOf(network),
      addresses: families.flatMap((subnet) =>
        subnet === undefined ? [] : prefixed(subnet.gateway, subnet),
      ),
    };
  }

  /** Is this a link for a network that this daemon has made? */
  isOwn({ kind, alias }: Pick<LinkInfo, "kind" | "alias">): boolean {
    return alias === this.#alias && OWN_KINDS.has(kind ?? "");
  }

  /** A bridge that the host has no address on, and the VXLAN link that joins it to those of other hosts. */
  async #ensureOverlay(network: NetworkRecord): Promise<void> {
    const { device = "", overlay } = network;
    if (this.#underlay === undefined || overlay === undefined) {
      throw new EngineError("unavailable", NO_CLUSTER);
    }
    const { address, port } = this.#underlay;
    const { links, addresses } = await this.hostLinks();
    const index = addresses.find((one) => one.address === address)?.link;
    this.#underlayMtu = links.find((link) => link.index === index)?.mtu ?? 1500;
    const bridge = this.bridgeOf(network);
    if (bridge !== undefined) await this.#links.call("ensureBridge", bridge);
    const own = { alias: this.#alias, mtu: this.#mtuOf(network) };
    const link = { name: vxlanDevice(network), bridge: device, id: overlay.vni, ...own };
    await this.#links.call("ensureVxlan", { ...link, local: address, port });
  }

  /** Other hosts' containers, in place of all that the VXLAN link knows. */
  async replacePeers(device: string, peers: readonly VxlanPeer[]): Promise<void> {
    await this.#links.call("replacePeers", device, peers);
  }

  async changePeers(
    device: string,
    peers: readonly VxlanPeer[],
    gone: readonly VxlanPeer[],
  ): Promise<void> {
    await this.#links.call("changePeers", device, peers, gone);
  }

  /** Removes what this daemon has made for a network, and nothing else. */
  async removeNetwork(network: NetworkRecord): Promise<void> {
    const { device, parent } = network;
    if (isOverlay(network)) await this.#removeOwn(vxlanDevice(network));
    if (device !== undefined) await this.#removeOwn(device);
    if (parent?.own !== undefined) await this.#removeOwn(parent.device);
  }

  async #removeOwn(device: string): Promise<void> {
    const link = await this.#links.call("findLink", device);
    if (link?.alias === this.#alias) await this.#links.call("removeLink", device);
  }

  /** Removes every link for a network that this daemon has made and that is not listed. */
  async removeLinksExcept(devices: ReadonlySet<string>): Promise<void> {
    const { links } = await this.hostLinks();
    for (const link of links) {
      if (!this.isOwn(link) || devices.has(link.name)) continue;
      await this.#links.call("removeLink", link.name);
    }
  }

  /** A network namespace with its links; its file descriptor is all that holds it. */
  async createSandbox(plugs: readonly Plug[]): Promise<number> {
    const cables = plugs.map((plug) => this.cableOf(plug));
    const spare = this.#spare;
    this.#spare = undefined;
    this.#prepareSpare();
    try {
      return await this.#links.call("createSandbox", cables, spare);
    } catch (error) {
      if (!isErrno(error, Errno.ENODEV)) throw error;
      // Somebody has removed the bridge.
      for (const { network } of plugs) await this.ensureNetwork(network);
      return await this.#links.call("createSandbox", cables);
    }
  }

  async plug(namespace: number, plug: Plug): Promise<void> {
    await this.#links.call("plug", namespace, this.cableOf(plug));
  }

  survey(namespace: number, settings: readonly string[]): Promise<NamespaceSurvey> {
    return this.#links.call("survey", namespace, settings);
  }

  /** Makes an endpoint's link be as `plug` makes it. */
  async mend(namespace: number, plug: Plug): Promise<void> {
    await this.#links.call("mend", namespace, this.cableOf(plug));
  }

  /** Idempotent. */
  async removePort(hostDevice: string): Promise<void> {
    await this.#links.call("removeLink", hostDevice);
  }

  async unplugInside(namespace: number, device: string): Promise<void> {
    await this.#links.call("unplugInside", namespace, device);
  }

  /** `namespace` is needed for links that have no end on the host. */
  async unplug(endpoint: EndpointRecord, namespace: number | undefined): Promise<void> {
    if (endpoint.hostDevice !== "") await this.#links.call("removeLink", endpoint.hostDevice);
    else if (endpoint.device !== "" && namespace !== undefined) {
      await this.#links.call("unplugInside", namespace, endpoint.device);
    }
  }

  /**
   * Takes links without an end on the host out of a namespace that is let go, before the next container asks
   * for their parent: the kernel would do so only some time after the last process.
   */
  letGo(namespace: number, devices: readonly string[]): void {
    if (devices.length === 0) return;
    const held = duplicateAbove(namespace, 3);
    const gone = devices.map((device) => this.#links.call("unplugInside", held, device));
    Promise.allSettled(gone).then(
      () => closeNamespace(held),
      () => {},
    );
  }

  /** Default routes through this endpoint, in place of those that there are. */
  async route(namespace: number, { endpoint, gateways, direct }: Plug): Promise<void> {
    await this.#links.call("route", namespace, endpoint.device, gateways, direct);
  }

  /** UDP clients of addresses that are given back are looked at anew. */
  async forgetUdpFlows(addresses: readonly string[]): Promise<void> {
    await this.#links.call("forgetUdpFlows", addresses);
  }

  /** What the host's firewall says about packets for the host, copied into tables of ours. */
  copyInputRules(prefix: string, known: string | undefined): Promise<InputCopy | undefined> {
    return this.#links.call("copyInputRules", this.#alias, prefix, known);
  }

  close(): void {
    clearTimeout(this.#preparing);
    if (this.#spare !== undefined) closeNamespace(this.#spare);
    this.#spare = undefined;
    this.#links.close();
  }

  /** An empty namespace for the next container, made when this one's start is over. */
  #prepareSpare(): void {
    clearTimeout(this.#preparing);
    this.#preparing = setTimeout(() => {
      if (this.#spare !== undefined) return;
      this.#links.call("createNamespace").then(
        (fd) => {
          if (this.#spare === undefined) this.#spare = fd;
          else closeNamespace(fd);
        },
        // The next container makes its own, and tells of what is wrong.
        () => {},
      );
    }, SPARE_DELAY_MS).unref();
  }

  #mtuOf(network: NetworkRecord): number {
    if (isOverlay(network)) {
      return overlayMtu(network, this.#underlayMtu, this.#underlay?.address ?? "");
    }
    return this.#mtuOption(network) ?? this.#mtu;
  }

  #mtuOption(network: NetworkRecord): number | undefined {
    const mtu = Number(networkOption(network, "driver.mtu"));
    return Number.isInteger(mtu) && mtu >= 68 ? mtu : undefined;
  }

  /** The link that an endpoint is to have. */
  cableOf({ endpoint, network, gateways, direct }: Plug): Cable {
    const { ipv4, ipv6 } = endpoint;
    const { parent } = network;
    return {
      to:
        parent === undefined
          ? { hostDevice: endpoint.hostDevice, bridge: network.device ?? "" }
          : { parent: parent.device, type: childLinkKind(network) },
      device: endpoint.device,
      macAddress: endpoint.macAddress,
      mtu: parent === undefined ? this.#mtuOf(network) : (this.#mtuOption(network) ?? 0),
      addresses: [
        ...(ipv4 === undefined || network.ipv4 === undefined ? [] : [prefixed(ipv4, network.ipv4)]),
        ...(ipv6 === undefined || network.ipv6 === undefined ? [] : [prefixed(ipv6, network.ipv6)]),
        ...(endpoint.wishes.IPAMConfig?.LinkLocalIPs ?? []).map(linkLocal),
      ],
      gateways,
      direct,
      isolated: isOff(network, "bridge.enable_icc"),
      sysctls: endpointSysctls(endpoint),
    };
  }
}
