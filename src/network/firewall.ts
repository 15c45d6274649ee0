import { Nftables, NftablesError } from "../linux/nftables.ts";
import { EngineError } from "../spec/index.ts";
import { missingRuleFeature } from "./firewall-needs.ts";
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

  /**
   * Connections that are established go on undisturbed.
   * @throws failed-precondition that names what the kernel does not have
   */
  apply(networks: readonly NetworkRecord[], elements: readonly PortElement[]): void {
    const foreign = dockerBridges().filter((name) => !devicesOf(networks).includes(name));
    try {
      this.#nftables.run(tableScript(this.#table, networks, elements, foreign));
    } catch (error) {
      throw this.#explain(error);
    }
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

  #explain(error: unknown): unknown {
    if (!(error instanceof NftablesError)) return error;
    const run = (commands: string) => this.#nftables.run(commands);
    const feature = missingRuleFeature(run, `${this.#table}-probe`);
    if (feature === undefined) return error;
    const why = `Cannot set the packet rules: this kernel has no ${feature}`;
    return new EngineError("failed-precondition", why, { cause: error });
  }
}
