import { type EndpointSettings, EngineError, invalidArgument, notFound } from "../spec/index.ts";
import type { Collection } from "../store/index.ts";
import { AddressAllocator } from "./address-allocator.ts";
import type {
  EndpointRecord,
  NetworkRecord,
  SandboxRecord,
  SubnetRecord,
} from "./network-record.ts";

/** Who has which addresses where. */
type Held = Pick<EndpointRecord, "networkId" | "id" | "ipv4" | "ipv6">;

interface Entry {
  record: NetworkRecord;
  ipv4: AddressAllocator | undefined;
  ipv6: AddressAllocator | undefined;
}

const allocatorFor = (subnet: SubnetRecord | undefined): AddressAllocator | undefined =>
  subnet === undefined ? undefined : new AddressAllocator(subnet);

/** The networks that exist and the addresses that are given out in them. */
export class NetworkTable {
  readonly #records: Collection<NetworkRecord>;
  readonly #entries = new Map<string, Entry>();
  readonly #named = new Map<string, NetworkRecord>();
  /** The oldest first; undefined after a change. */
  #ordered: NetworkRecord[] | undefined;

  constructor(records: Collection<NetworkRecord>) {
    this.#records = records;
    for (const record of records.all()) this.#enter(record);
  }

  /** The oldest first. */
  all(): NetworkRecord[] {
    this.#ordered ??= [...this.#entries.values()]
      .map(({ record }) => record)
      .sort((a, b) => (a.created < b.created ? -1 : 1));
    return [...this.#ordered];
  }

  byId(id: string): NetworkRecord | undefined {
    return this.#entries.get(id)?.record;
  }

  byName(name: string): NetworkRecord | undefined {
    return this.#named.get(name);
  }

  /** By id → record, for those that `endpoints` are in. */
  of(endpoints: readonly EndpointRecord[]): Map<string, NetworkRecord> {
    const found = new Map<string, NetworkRecord>();
    for (const { networkId } of endpoints) {
      const record = this.byId(networkId);
      if (record !== undefined) found.set(networkId, record);
    }
    return found;
  }

  /**
   * By full id, name or unique prefix of an id, in this order.
   * @throws not-found, or invalid-argument when several match
   */
  find(ref: string): NetworkRecord {
    const exact = this.byId(ref) ?? this.byName(ref);
    if (exact !== undefined) return exact;
    const matches = ref === "" ? [] : this.all().filter(({ id }) => id.startsWith(ref));
    if (matches.length > 1) {
      throw invalidArgument(
        `network ${ref} is ambiguous (${matches.length} matches found based on ID prefix)`,
      );
    }
    const [match] = matches;
    if (match === undefined) throw notFound(`network ${ref} not found`);
    return match;
  }

  /** Adds a network, or gives it another shape; nobody may be in it then. */
  put(record: NetworkRecord): void {
    this.#records.put(record.id, record);
    this.#enter(record);
  }

  delete(id: string): void {
    const name = this.byId(id)?.name;
    if (name !== undefined && this.#named.get(name)?.id === id) this.#named.delete(name);
    this.#entries.delete(id);
    this.#ordered = undefined;
    this.#records.delete(id);
  }

  /**
   * Addresses for an endpoint: those that were asked for, or the lowest free ones.
   * @throws EngineError with Docker's words; nothing is taken then
   */
  assign(
    networkId: string,
    endpointId: string,
    wishes: Partial<EndpointSettings>,
  ): Pick<EndpointRecord, "ipv4" | "ipv6"> {
    const entry = this.#entries.get(networkId);
    if (entry === undefined) throw notFound(`network ${networkId} not found`);
    const { record } = entry;
    const ipv4 = take(entry.ipv4, endpointId, wishes.IPAMConfig?.IPv4Address, record, 4);
    try {
      const ipv6 = take(entry.ipv6, endpointId, wishes.IPAMConfig?.IPv6Address, record, 6);
      return { ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) };
    } catch (error) {
      if (ipv4 !== undefined) entry.ipv4?.release(ipv4, endpointId);
      throw error;
    }
  }

  /**
   * As `assign`, with addresses that nobody has had for long; `attempt` counts those that were refused
   * elsewhere.
   */
  assignNext(
    networkId: string,
    endpointId: string,
    wishes: Partial<EndpointSettings>,
    attempt: number,
  ): Pick<EndpointRecord, "ipv4" | "ipv6"> {
    const { IPv4Address, IPv6Address } = wishes.IPAMConfig ?? {};
    const entry = this.#entries.get(networkId);
    // Hosts that ask at the same time part ways.
    const skip = Math.floor(Math.random() * 2 ** Math.min(attempt, 6));
    const next = (allocator: AddressAllocator | undefined, wish: string | undefined) =>
      wish ? undefined : allocator?.allocateNext(endpointId, skip);
    const ipv4 = next(entry?.ipv4, IPv4Address);
    const ipv6 = next(entry?.ipv6, IPv6Address);
    const chosen = {
      IPv4Address: ipv4 ?? IPv4Address ?? "",
      IPv6Address: ipv6 ?? IPv6Address ?? "",
    };
    return this.assign(networkId, endpointId, { IPAMConfig: chosen });
  }

  /** Somebody else's addresses, as far as they are free here. */
  hold({ networkId, id, ipv4, ipv6 }: Held): void {
    const entry = this.#entries.get(networkId);
    for (const [allocator, address] of [
      [entry?.ipv4, ipv4],
      [entry?.ipv6, ipv6],
    ] as const) {
      try {
        if (address !== undefined) allocator?.claim(address, id);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
      }
    }
  }

  giveBack({ networkId, id, ipv4, ipv6 }: Held): void {
    const entry = this.#entries.get(networkId);
    if (ipv4 !== undefined) entry?.ipv4?.release(ipv4, id);
    if (ipv6 !== undefined) entry?.ipv6?.release(ipv6, id);
  }

  /** Which endpoints hold the addresses of a network, by address. */
  leases(networkId: string): Map<string, string> {
    const entry = this.#entries.get(networkId);
    return new Map([...(entry?.ipv4?.leases() ?? []), ...(entry?.ipv6?.leases() ?? [])]);
  }

  /** Takes the addresses that recorded sandboxes have. */
  claim(sandboxes: readonly SandboxRecord[]): void {
    for (const { networkId, id, ipv4, ipv6 } of sandboxes.flatMap(({ endpoints }) => endpoints)) {
      const entry = this.#entries.get(networkId);
      if (ipv4 !== undefined) entry?.ipv4?.claim(ipv4, id);
      if (ipv6 !== undefined) entry?.ipv6?.claim(ipv6, id);
    }
  }

  #enter(record: NetworkRecord): void {
    const { ipv4, ipv6 } = record;
    this.#named.set(record.name, record);
    this.#ordered = undefined;
    this.#entries.set(record.id, { record, ipv4: allocatorFor(ipv4), ipv6: allocatorFor(ipv6) });
  }
}

function take(
  allocator: AddressAllocator | undefined,
  endpointId: string,
  wish: string | undefined,
  network: NetworkRecord,
  family: 4 | 6,
): string | undefined {
  if (wish !== undefined && wish !== "") {
    if (allocator === undefined) {
      throw invalidArgument(
        `invalid endpoint settings:\nno configured subnet contains IP address ${wish}`,
      );
    }
    allocator.claim(wish, endpointId);
    return wish;
  }
  if (allocator === undefined) return undefined;
  const address = allocator.allocate(endpointId);
  if (address === undefined) {
    throw new EngineError(
      "unavailable",
      `no available IPv${family} addresses on this network's address pools: ${network.name} (${network.id})`,
    );
  }
  return address;
}
