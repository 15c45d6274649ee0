import { EngineError, invalidArgument } from "../spec/index.ts";
import type { SubnetRecord } from "./network-record.ts";
import { contains, formatIp, type Prefix, parseCidr, parseIp, prefixSize } from "./prefix.ts";

/**
 * The addresses of one subnet that are in use. Each has one holder, the id of an endpoint: giving back
 * by another holder, or twice, does nothing.
 */
export class AddressAllocator {
  readonly #subnet: Prefix;
  readonly #range: Prefix;
  readonly #holders = new Map<bigint, string>();
  readonly #reserved = new Set<bigint>();
  /** Below this one every address of the range is taken. */
  #lowest: bigint;
  /** The highest address that has ever been taken. */
  #highest: bigint;

  constructor(record: SubnetRecord) {
    const subnet = parseCidr(record.subnet)?.prefix;
    const range = parseCidr(record.range ?? record.subnet)?.prefix;
    if (subnet === undefined || range === undefined) {
      throw invalidArgument(`invalid subnet ${record.subnet}`);
    }
    this.#subnet = subnet;
    this.#range = range;
    this.#lowest = range.first;
    this.#highest = range.first;
    for (const [name, text] of Object.entries({ ...record.reserved, gateway: record.gateway })) {
      const address = parseIp(text);
      if (address === undefined) continue;
      this.#holders.set(address.value, name);
      this.#reserved.add(address.value);
    }
  }

  get prefixLength(): number {
    return this.#subnet.bits;
  }

  /** Address → the endpoint that has it. */
  leases(): Map<string, string> {
    const { family } = this.#subnet;
    return new Map(
      [...this.#holders].flatMap(([value, holder]) =>
        this.#reserved.has(value) ? [] : [[formatIp({ family, value }), holder] as const],
      ),
    );
  }

  /** The lowest free address; undefined when there is none. */
  allocate(holder: string): string | undefined {
    const end = this.#range.first + prefixSize(this.#range);
    for (let value = this.#lowest; value < end; value++) {
      this.#lowest = value + 1n;
      if (this.#holders.has(value) || this.#special(value)) continue;
      this.#holders.set(value, holder);
      return formatIp({ family: this.#subnet.family, value });
    }
    return undefined;
  }

  /**
   * A free address above those that have been taken so far, `skip` of them left out; once these are used up,
   * the lowest free one. What somebody has just given back is reused late.
   */
  allocateNext(holder: string, skip: number): string | undefined {
    const end = this.#range.first + prefixSize(this.#range);
    for (let value = this.#highest + 1n + BigInt(skip); value < end; value++) {
      if (this.#holders.has(value) || this.#special(value)) continue;
      this.#hold(value, holder);
      return formatIp({ family: this.#subnet.family, value });
    }
    return this.allocate(holder);
  }

  #hold(value: bigint, holder: string): void {
    this.#holders.set(value, holder);
    const end = this.#range.first + prefixSize(this.#range);
    if (value > this.#highest && value < end) this.#highest = value;
  }

  /** @throws EngineError with Docker's words when the address is taken or not of this subnet. */
  claim(text: string, holder: string): void {
    const address = parseIp(text);
    if (address === undefined || !contains(this.#subnet, address) || this.#special(address.value)) {
      throw invalidArgument("requested address is out of range");
    }
    const present = this.#holders.get(address.value);
    if (present !== undefined && present !== holder) {
      throw new EngineError("permission-denied", "Address already in use");
    }
    this.#hold(address.value, holder);
  }

  release(text: string, holder: string): void {
    const value = parseIp(text)?.value;
    if (value === undefined || this.#holders.get(value) !== holder) return;
    this.#holders.delete(value);
    if (value >= this.#range.first && value < this.#lowest) this.#lowest = value;
  }

  /** The subnet's own first address and, with IPv4, its broadcast address (RFC 3021: not in a /31). */
  #special(value: bigint): boolean {
    const size = prefixSize(this.#subnet);
    if (size <= 2n) return false;
    const last = this.#subnet.first + size - 1n;
    return value === this.#subnet.first || (this.#subnet.family === 4 && value === last);
  }
}
