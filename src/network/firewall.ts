import type { TableOwner } from "../linux/netlink/index.ts";
import { Nftables, NftablesError } from "../linux/nftables.ts";
import { EngineError } from "../spec/index.ts";
import { rulesetDrifts } from "./check/ruleset-drift.ts";
import { missingRuleFeature } from "./firewall-needs.ts";
import { Firewalld } from "./firewalld.ts";
import { ForwardAccept } from "./forward-accept.ts";
import { dockerBridges } from "./host-settings.ts";
import { type CopyInput, InputGuard } from "./input-guard.ts";
import type { NetworkRecord } from "./network-record.ts";
import {
  addElements,
  addNetwork,
  deleteElements,
  deleteNetwork,
  foreignScript,
  type PortElement,
  ruleCount,
  tableScript,
} from "./ruleset.ts";

const devicesOf = (networks: readonly NetworkRecord[]): string[] =>
  networks.flatMap(({ device }) => device ?? []);

function foreignBridges(networks: readonly NetworkRecord[]): string[] {
  const ours = new Set(devicesOf(networks));
  return dockerBridges().filter((name) => !ours.has(name));
}

/**
 * The packet rules of one daemon: an nftables table of its own, which nobody else's reload can lose, and
 * accept rules in the host's filter where that is needed. Desired state: `apply` is repeatable and
 * replaces the table in one transaction.
 */
export class Firewall {
  readonly #nftables = new Nftables();
  readonly #table: string;
  /** What the table should be like, for as long as somebody compares. */
  readonly #model: string;
  readonly #accept: ForwardAccept;
  readonly #guard: InputGuard;
  readonly #firewalld: Firewalld;
  #foreign: string[] = [];
  #following: Promise<unknown> = Promise.resolve();

  constructor(table: string) {
    this.#table = table;
    this.#model = `${table}-check`;
    this.#accept = new ForwardAccept(this.#nftables, table);
    this.#guard = new InputGuard(this.#nftables, table);
    this.#firewalld = new Firewalld(this.#nftables);
  }

  /** Whose this table is, for those who watch tables. */
  ownerOf(table: string): TableOwner {
    if (table === this.#model) return "aside";
    const ours = table === this.#table || table.startsWith(`${this.#table}-guard-`);
    return ours ? "ours" : "others";
  }

  /**
   * Makes published ports obey the host's firewall as it is now; one call after the other.
   * @returns what of it could not be understood, for a warning
   */
  follow(copy: CopyInput, elements: () => readonly PortElement[]): Promise<string[]> {
    const followed = this.#following.then(() => this.#guard.follow(copy, elements));
    this.#following = followed.catch(() => {});
    return followed;
  }

  /**
   * Connections that are established go on undisturbed.
   * @throws failed-precondition that names what the kernel does not have
   */
  apply(networks: readonly NetworkRecord[], elements: readonly PortElement[]): void {
    const foreign = foreignBridges(networks);
    try {
      this.#nftables.run(tableScript(this.#table, networks, elements, foreign));
      this.#foreign = foreign;
    } catch (error) {
      throw this.#explain(error);
    }
    this.#accept.apply(devicesOf(networks));
  }

  /** One network more, which is among `networks` already; costs the same however many there are. */
  addNetwork(
    network: NetworkRecord,
    networks: readonly NetworkRecord[],
    elements: () => readonly PortElement[],
  ): void {
    this.#change(addNetwork(this.#table, network), networks, elements);
  }

  /** One network less, which is not among `networks` any more. */
  deleteNetwork(
    network: NetworkRecord,
    networks: readonly NetworkRecord[],
    elements: () => readonly PortElement[],
  ): void {
    this.#change(deleteNetwork(this.#table, network), networks, elements);
  }

  #change(
    commands: string,
    networks: readonly NetworkRecord[],
    elements: () => readonly PortElement[],
  ): void {
    if (commands === "") return;
    try {
      this.#nftables.run(commands);
      this.#accept.apply(devicesOf(networks));
    } catch (error) {
      if (!(error instanceof NftablesError)) throw error;
      // Somebody has been at the table, or something else is wrong, which is found out so.
      this.apply(networks, elements());
    }
  }

  /** Like `apply`, but leaves a table alone that is whole: others may flush the host's rules any time. */
  verify(networks: readonly NetworkRecord[], elements: readonly PortElement[]): void {
    try {
      if (this.#countRules() === ruleCount(networks)) {
        this.#followForeign(networks);
        this.#accept.apply(devicesOf(networks));
      } else this.apply(networks, elements);
    } catch (error) {
      if (!(error instanceof NftablesError && error.missing)) throw error;
      this.apply(networks, elements);
    }
  }

  /** Other engines' bridges come and go. */
  #followForeign(networks: readonly NetworkRecord[]): void {
    const foreign = foreignBridges(networks);
    if (Bun.deepEquals(foreign, this.#foreign)) return;
    this.#nftables.run(foreignScript(this.#table, foreign));
    this.#foreign = foreign;
  }

  /** In what the kernel's rules differ from what these need, as sentences. */
  differences(networks: readonly NetworkRecord[], elements: readonly PortElement[]): string[] {
    const foreign = foreignBridges(networks);
    // What should be is written down by the kernel, too, so that both are in the same words.
    const model = this.#model;
    this.#nftables.run(tableScript(model, networks, elements, foreign, { detached: true }));
    try {
      return [
        ...rulesetDrifts(this.#list(model) ?? [], this.#list(this.#table)),
        ...this.#accept.differences(devicesOf(networks)),
        ...this.#guard.differences(elements),
      ];
    } finally {
      this.#nftables.run(`delete table inet ${model}`);
    }
  }

  /** Lets those who watch tables learn which changes are this process's. */
  introduce(): void {
    this.#nftables.run(`add table inet ${this.#model}`);
    this.#nftables.run(`delete table inet ${this.#model}`);
  }

  /** The next `follow` makes the copies anew, whatever is there. */
  distrust(): void {
    this.#guard.distrust();
  }

  #list(table: string): Record<string, unknown>[] | undefined {
    try {
      return this.#nftables.list(`list table inet ${table}`);
    } catch (error) {
      if (error instanceof NftablesError && error.missing) return undefined;
      throw error;
    }
  }

  /** @throws NftablesError when the table is missing */
  #countRules(): number {
    return this.#nftables
      .list(`list table inet ${this.#table}`)
      .filter((object) => "rule" in object).length;
  }

  /** Lets containers of these networks reach the outside where firewalld decides. */
  async admit(networks: readonly NetworkRecord[]): Promise<void> {
    await this.#firewalld.trust(devicesOf(networks));
  }

  /** For networks that go. */
  async dismiss(networks: readonly NetworkRecord[]): Promise<void> {
    await this.#firewalld.forget(devicesOf(networks));
  }

  /** Nothing that `follow` has begun is under way any more. */
  async settle(): Promise<void> {
    await this.#following;
  }

  publish(elements: readonly PortElement[]): void {
    if (elements.length === 0) return;
    this.#nftables.run(addElements(this.#table, elements) + this.#guard.publish(elements));
  }

  /**
   * Some in place of others, in one transaction: no packet meets a moment without either.
   * @throws NftablesError when somebody has flushed the rules
   */
  replace(gone: readonly PortElement[], added: readonly PortElement[]): void {
    if (gone.length === 0 || added.length === 0) {
      this.withdraw(gone);
      this.publish(added);
      return;
    }
    this.#nftables.run(
      deleteElements(this.#table, gone) +
        addElements(this.#table, added) +
        this.#guard.replace(gone, added),
    );
  }

  /** Elements that are gone already, with the table or without it, are fine. */
  withdraw(elements: readonly PortElement[]): void {
    if (elements.length === 0) return;
    this.#guard.withdraw(elements);
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
    this.#guard.cleanUp();
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
