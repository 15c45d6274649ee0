import { duplicateAbove } from "../../linux/descriptor.ts";
import { closeNamespace } from "../../linux/namespace.ts";
import type { HostLinks } from "../../linux/netlink/index.ts";
import type { NetworkDrift } from "../../spec/index.ts";
import { hostSettingDrifts } from "../host-settings.ts";
import { isOverlay } from "../overlay/overlay-options.ts";
import type { RelayClient } from "../relay/relay-client.ts";
import type { PortElement } from "../ruleset.ts";
import { plugsOf } from "../sandbox-plan.ts";
import type { Sandbox } from "../sandbox-table.ts";
import type { ServiceParts } from "../service-parts.ts";
import { addressDrifts, type Leases } from "./address-drift.ts";
import { endpointDrifts, strangeLinks, strayPorts } from "./endpoint-drift.ts";
import { networkDrifts } from "./network-drift.ts";
import { relayDrifts } from "./relay-drift.ts";

/** What is under way, or what the kernel still takes away, is over after so many looks. */
const LOOKS = 4;
const SETTLE_MS = 300;

/** Compares what the records want with what the kernel and the port relay have. */
export class NetworkCheck {
  readonly #parts: ServiceParts;
  readonly #relay: RelayClient;
  readonly #elements: () => PortElement[];

  constructor(parts: ServiceParts, relay: RelayClient, elements: () => PortElement[]) {
    this.#parts = parts;
    this.#relay = relay;
    this.#elements = elements;
  }

  /** Every drift that is no passing one: what further looks find again. */
  async find(): Promise<NetworkDrift[]> {
    let found = await this.#look();
    for (let look = 1; look < LOOKS && found.length > 0; look++) {
      await Bun.sleep(SETTLE_MS);
      const again = new Set((await this.#look()).map(({ Problem }) => Problem));
      found = found.filter(({ Problem }) => again.has(Problem));
    }
    return found;
  }

  /** Makes the links of sandboxes be as the records want them; all, or those that are named. */
  async mendSandboxes(sandboxes: readonly Sandbox[] = this.#own()): Promise<void> {
    const host = await this.#parts.wiring().hostLinks();
    for (const sandbox of sandboxes) {
      const drifts = await this.#endpointDrifts(sandbox, host);
      if (drifts.length > 0) await this.#mend(sandbox, host);
    }
    for (const { name } of this.#strays(await this.#parts.wiring().hostLinks())) {
      await this.#parts.wiring().removePort(name);
    }
  }

  async #look(): Promise<NetworkDrift[]> {
    const { networks, sandboxes, firewall } = this.#parts;
    const wiring = this.#parts.wiring();
    const host = await wiring.hostLinks();
    const overlay = this.#parts.overlay();
    // An overlay network has links only where it has containers.
    const all = networks.all().filter((one) => !isOverlay(one) || overlay?.isPresent(one) === true);
    const drifts = networkDrifts(
      all.map((network) => ({ network, bridge: wiring.bridgeOf(network) })),
      host,
      (link) => wiring.isOwn(link) && link.kind !== "vxlan",
    );
    drifts.push(...hostSettingDrifts(all));
    for (const sandbox of this.#own()) drifts.push(...(await this.#endpointDrifts(sandbox, host)));
    drifts.push(
      ...this.#strays(host).map(
        ({ name }): NetworkDrift => ({
          Kind: "endpoint",
          Problem: `The bridge port "${name}" belongs to no container`,
        }),
      ),
      ...addressDrifts(all, sandboxes.records(), (id) => this.#leases(id)),
      ...firewall
        .differences(all, this.#elements())
        .map((Problem): NetworkDrift => ({ Kind: "rules", Problem })),
      ...(await this.#relayDrifts()),
    );
    return drifts;
  }

  /** Those of this host: in overlay networks other hosts' containers have addresses too. */
  #leases(networkId: string): Leases {
    const leases = this.#parts.networks.leases(networkId);
    const network = this.#parts.networks.byId(networkId);
    if (network === undefined || !isOverlay(network)) return leases;
    const records = this.#parts.sandboxes.records();
    const own = new Set(records.flatMap(({ endpoints }) => endpoints.map(({ id }) => id)));
    return new Map([...leases].filter(([, holder]) => own.has(holder)));
  }

  async #relayDrifts(): Promise<NetworkDrift[]> {
    const present = await this.#relay.report();
    // One of an earlier version cannot tell; it is told all that it is to have when a daemon starts.
    if (present === undefined) return [];
    const names = new Map(
      this.#parts.sandboxes.records().map(({ id, containerName }) => [id, containerName]),
    );
    return relayDrifts(this.#relay.wanted(), present, (id) => names.get(id) ?? id);
  }

  #own(): Sandbox[] {
    return this.#parts.sandboxes.all().filter(({ record }) => record.mode === "own");
  }

  #strays(host: HostLinks) {
    const { networks, sandboxes } = this.#parts;
    const bridges = new Set(networks.all().flatMap(({ device }) => device ?? []));
    const known = sandboxes.records().flatMap(({ endpoints }) => endpoints);
    return strayPorts(host, bridges, new Set(known.map(({ hostDevice }) => hostDevice)));
  }

  async #endpointDrifts(sandbox: Sandbox, host: HostLinks): Promise<NetworkDrift[]> {
    const { containerName, endpoints } = sandbox.record;
    const wiring = this.#parts.wiring();
    const wanted = plugsOf(endpoints, this.#parts.networks.of(endpoints)).map((plug) => ({
      cable: wiring.cableOf(plug),
      network: plug.network.name,
    }));
    const settings = wanted.flatMap(({ cable }) => Object.keys(cable.sysctls));
    const inside = await this.#inside(sandbox, (namespace) => wiring.survey(namespace, settings));
    if (inside === undefined) {
      const Problem = `The network namespace of container "${containerName}" is not known`;
      return [{ Kind: "endpoint", Problem }];
    }
    return endpointDrifts(containerName, wanted, inside, host, this.#parents(host));
  }

  async #mend(sandbox: Sandbox, host: HostLinks): Promise<void> {
    const wiring = this.#parts.wiring();
    const { endpoints } = sandbox.record;
    await this.#inside(sandbox, async (namespace) => {
      const { record } = sandbox;
      const expected = new Set(record.endpoints.map(({ device }) => device));
      const inside = await wiring.survey(namespace, []);
      for (const device of strangeLinks(inside, expected, this.#parents(host))) {
        await wiring.unplugInside(namespace, device);
      }
      for (const plug of plugsOf(endpoints, this.#parts.networks.of(endpoints))) {
        if (sandbox.record.endpoints.includes(plug.endpoint)) await wiring.mend(namespace, plug);
      }
    });
  }

  /** With a descriptor that stays good while the container ends; undefined when it has ended. */
  async #inside<T>(
    { fd }: Sandbox,
    work: (namespace: number) => Promise<T>,
  ): Promise<T | undefined> {
    if (fd === undefined) return undefined;
    const held = duplicateAbove(fd, 3);
    try {
      return await work(held);
    } finally {
      closeNamespace(held);
    }
  }

  #parents({ links }: HostLinks): Set<number> {
    const devices = new Set(
      this.#parts.networks.all().flatMap(({ parent }) => parent?.device ?? []),
    );
    return new Set(links.filter(({ name }) => devices.has(name)).map(({ index }) => index));
  }
}
