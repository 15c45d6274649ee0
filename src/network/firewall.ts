import { Nftables, NftablesError } from "../linux/nftables.ts";
import { ForwardAccept } from "./forward-accept.ts";
import { dockerBridges } from "./host-settings.ts";
import type { NetworkRecord } from "./network-record.ts";
import { addElements, deleteElements, type PortElement, tableScript } from "./ruleset.ts";

const devicesOf = (networks: readonly NetworkRecord[]): string[] =>
  networks.flatMap(({ device }) => device ?? []);

/**
 * The packet rules of one daemon: an nftables table of its own, which nobody else's reload can lose, and
 * accept rules in the host's filter where that is needed. Desired state: `apply` is repeatable and
 * replaces the table in one transaction.
 */
export class Firewall {
  readonly #nftables = new Nftables();
  readonly #table: string;
  readonly #accept: ForwardAccept;
  #rules = 0;

  constructor(table: string) {
    this.#table = table;
    this.#accept = new ForwardAccept(this.#nftables, table);
  }

  /** Connections that are established go on undisturbed. */
  apply(networks: readonly NetworkRecord[], elements: readonly PortElement[]): void {
    const foreign = dockerBridges().filter((name) => !devicesOf(networks).includes(name));
    this.#nftables.run(tableScript(this.#table, networks, elements, foreign));
    this.#accept.apply(devicesOf(networks));
    this.#rules = this.#countRules();
  }

  /** Like `apply`, but leaves a table alone that is whole: others may flush the host's rules any time. */
  verify(networks: readonly NetworkRecord[], elements: readonly PortElement[]): void {
    try {
      if (this.#countRules() === this.#rules) this.#accept.apply(devicesOf(networks));
      else this.apply(networks, elements);
    } catch (error) {
      if (!(error instanceof NftablesError && error.missing)) throw error;
      this.apply(networks, elements);
    }
  }

  /** @throws NftablesError when the table is missing */
  #countRules(): number {
    return this.#nftables
      .list(`list table inet ${this.#table}`)
      .filter((object) => "rule" in object).length;
  }

  publish(elements: readonly PortElement[]): void {
    if (elements.length > 0) this.#nftables.run(addElements(this.#table, elements));
  }

  /** Elements that are gone already, with the table or without it, are fine. */
  withdraw(elements: readonly PortElement[]): void {
    if (elements.length === 0) return;
    try {
      this.#nftables.run(deleteElements(this.#table, elements));
    } catch (error) {
      if (!(error instanceof NftablesError && error.missing)) throw error;
      if (elements.length > 1) for (const element of elements) this.withdraw([element]);
    }
  }

  /** Takes every rule of this daemon off the host. */
  cleanUp(): void {
    this.#nftables.run(`add table inet ${this.#table}\ndelete table inet ${this.#table}`);
    this.#accept.cleanUp();
  }

  close(): void {
    this.#nftables.close();
  }
}
