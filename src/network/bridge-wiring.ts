import { Errno, isErrno } from "../linux/errno.ts";
import { closeNamespace } from "../linux/namespace.ts";
import {
  type Cable,
  type HostLinks,
  LinkThread,
  type PrefixedAddress,
} from "../linux/netlink/index.ts";
import { enableIpv4Forwarding, enableIpv6Forwarding } from "./host-settings.ts";
import type { EndpointRecord, NetworkRecord, SubnetRecord } from "./network-record.ts";
import { parseCidr } from "./prefix.ts";
import { macAddressFor } from "./subnet-choice.ts";

/** An endpoint with the network that it is in and the families whose default route goes through it. */
export interface Plug {
  endpoint: EndpointRecord;
  network: NetworkRecord;
  gateways: readonly string[];
}

/** About what a start takes. */
const SPARE_DELAY_MS = 30;

const prefixed = (address: string, { subnet }: SubnetRecord): PrefixedAddress => ({
  address,
  prefix: parseCidr(subnet)?.prefix.bits ?? 0,
});

/** Bridges and the cables between them and network namespaces. */
export class BridgeWiring {
  readonly #links = new LinkThread();
  readonly #alias: string;
  readonly #mtu: number;
  /** An empty network namespace that waits for a container: a third of the time that a sandbox takes. */
  #spare: number | undefined;
  #preparing: Timer | undefined;

  /** `alias` marks the bridges of this daemon; `mtu` in bytes. */
  constructor(alias: string, mtu: number) {
    this.#alias = alias;
    this.#mtu = mtu;
  }

  hostLinks(): Promise<HostLinks> {
    return this.#links.call("hostLinks");
  }

  /** Makes a network's bridge be as its record says, and forwarding with it. */
  async ensureBridge(network: NetworkRecord): Promise<void> {
    const { device, ipv4, ipv6 } = network;
    if (device === undefined) return;
    await this.#links.call("ensureBridge", {
      name: device,
      alias: this.#alias,
      macAddress: macAddressFor(undefined),
      mtu: this.#mtuOf(network),
      addresses: [ipv4, ipv6].flatMap((subnet) =>
        subnet === undefined ? [] : prefixed(subnet.gateway, subnet),
      ),
    });
    if (ipv4 !== undefined) enableIpv4Forwarding();
    if (ipv6 !== undefined) enableIpv6Forwarding();
  }

  /** Removes a bridge that this daemon has made, and no other one. */
  async removeBridge(device: string): Promise<void> {
    const link = await this.#links.call("findLink", device);
    if (link?.alias === this.#alias) await this.#links.call("removeLink", device);
  }

  /** Removes every bridge that this daemon has made and that is not listed. */
  async removeBridgesExcept(devices: ReadonlySet<string>): Promise<void> {
    const { links } = await this.hostLinks();
    for (const { name, kind, alias } of links) {
      if (kind !== "bridge" || alias !== this.#alias || devices.has(name)) continue;
      await this.#links.call("removeLink", name);
    }
  }

  /** A network namespace with its links; its file descriptor is all that holds it. */
  async createSandbox(plugs: readonly Plug[]): Promise<number> {
    const cables = plugs.map((plug) => this.#cable(plug));
    const spare = this.#spare;
    this.#spare = undefined;
    this.#prepareSpare();
    try {
      return await this.#links.call("createSandbox", cables, spare);
    } catch (error) {
      if (!isErrno(error, Errno.ENODEV)) throw error;
      // Somebody has removed the bridge.
      for (const { network } of plugs) await this.ensureBridge(network);
      return await this.#links.call("createSandbox", cables);
    }
  }

  async plug(namespace: number, plug: Plug): Promise<void> {
    await this.#links.call("plug", namespace, this.#cable(plug));
  }

  async unplug(endpoint: EndpointRecord): Promise<void> {
    await this.#links.call("removeLink", endpoint.hostDevice);
  }

  /** Default routes through this endpoint, in place of those that there are. */
  async route(namespace: number, { endpoint, gateways }: Plug): Promise<void> {
    await this.#links.call("route", namespace, endpoint.device, gateways);
  }

  /** UDP clients of addresses that are given back are looked at anew. */
  async forgetUdpFlows(addresses: readonly string[]): Promise<void> {
    await this.#links.call("forgetUdpFlows", addresses);
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

  #mtuOf({ options }: NetworkRecord): number {
    const mtu = Number(options["com.docker.network.driver.mtu"]);
    return Number.isInteger(mtu) && mtu >= 68 ? mtu : this.#mtu;
  }

  #cable({ endpoint, network, gateways }: Plug): Cable {
    const { ipv4, ipv6 } = endpoint;
    return {
      hostDevice: endpoint.hostDevice,
      bridge: network.device ?? "",
      device: endpoint.device,
      macAddress: endpoint.macAddress,
      mtu: this.#mtuOf(network),
      addresses: [
        ...(ipv4 === undefined || network.ipv4 === undefined ? [] : [prefixed(ipv4, network.ipv4)]),
        ...(ipv6 === undefined || network.ipv6 === undefined ? [] : [prefixed(ipv6, network.ipv6)]),
      ],
      gateways,
      isolated: network.options["com.docker.network.bridge.enable_icc"] === "false",
    };
  }
}
