import type { CopiedTable, InputCopy } from "../linux/netlink/index.ts";
import { type Nftables, NftablesError } from "../linux/nftables.ts";
import { elementText } from "./check/ruleset-drift.ts";
import type { PortElement } from "./ruleset.ts";

/** Makes the copy; undefined when nothing has changed since the one with this fingerprint. */
export type CopyInput = (
  prefix: string,
  known: string | undefined,
) => Promise<InputCopy | undefined>;

const MAPS = {
  ip: ["at4", "any4"],
  ip6: ["at6", "any6"],
  inet: ["at4", "any4", "at6", "any6"],
} as const;
type GuardedMap = (typeof MAPS)["inet"][number];

const KEYS: Readonly<Record<GuardedMap, { type: string; match: string }>> = {
  at4: {
    type: "inet_proto . ipv4_addr . inet_service",
    match: "meta l4proto . ip daddr . th dport",
  },
  any4: {
    type: "inet_proto . inet_service",
    match: "meta l4proto . th dport",
  },
  at6: {
    type: "inet_proto . ipv6_addr . inet_service",
    match: "meta l4proto . ip6 daddr . th dport",
  },
  any6: {
    type: "inet_proto . inet_service",
    match: "meta l4proto . th dport",
  },
};

const setName = (map: GuardedMap): string => `berth-${map}`;

/** Leads new connections to published ports, and nothing else, to the copied chains. */
function gate({ family, name, bases }: CopiedTable): string {
  const maps = MAPS[family];
  const nameOf = (kind: string, index: number) => `berth-${kind}-${index}`;
  const only = (map: GuardedMap) =>
    family === "inet" ? `meta nfproto ipv${map.endsWith("4") ? 4 : 6} ` : "";
  return [
    `table ${family} ${name} {`,
    ...maps.map((map) => `  set ${setName(map)} { type ${KEYS[map].type}; }`),
    ...bases.flatMap((base, index) => [
      `  chain ${nameOf("judge", index)} {`,
      `    jump ${base.name}`,
      ...(base.drops ? ["    drop"] : []),
      "  }",
      `  chain ${nameOf("gate", index)} {`,
      // After connection tracking, before the destination is translated.
      "    type filter hook prerouting priority dstnat - 1; policy accept;",
      '    iifname "lo" accept',
      "    ct state != new accept",
      "    fib daddr type != local accept",
      ...maps.map(
        (map) =>
          `    ${only(map)}${KEYS[map].match} @${setName(map)} jump ${nameOf("judge", index)}`,
      ),
      "  }",
    ]),
    "}\n",
  ].join("\n");
}

function elementCommands(
  tables: readonly CopiedTable[],
  verb: "add" | "delete",
  elements: readonly PortElement[],
): string {
  return tables
    .flatMap(({ family, name }) => {
      const maps: readonly string[] = MAPS[family];
      return elements
        .filter(({ map }) => maps.includes(map))
        .map(({ map, key }) => `${verb} element ${family} ${name} berth-${map} { ${key} }\n`);
    })
    .join("");
}

/**
 * The host's own firewall, asked about published ports. Their packets are translated before routing, so
 * that the host's input chains never see them: what an administrator forbids there would be open. So these
 * chains are copied, as they are, to a place before the translation, where they judge new connections to
 * published ports by the addresses, ports and links that they came with. The copies follow the originals.
 */
export class InputGuard {
  readonly #nftables: Nftables;
  readonly #prefix: string;
  #tables: CopiedTable[] = [];
  #fingerprint: string | undefined;

  constructor(nftables: Nftables, instance: string) {
    this.#nftables = nftables;
    this.#prefix = `${instance}-guard-`;
  }

  /**
   * Makes the copies be as the originals are now.
   * @returns what could not be copied, for a warning
   */
  async follow(copy: CopyInput, elements: () => readonly PortElement[]): Promise<string[]> {
    if (!this.#isWhole()) this.#fingerprint = undefined;
    const made = await copy(this.#unusedPrefix(), this.#fingerprint);
    if (made === undefined) return [];
    const { tables, fingerprint, refused } = made;
    const gates = tables.map(gate);
    // In one transaction: no connection comes between the old judgement and the new one.
    const previous = this.#present().filter(
      (table) => !tables.some(({ family, name }) => table === `${family} ${name}`),
    );
    this.#nftables.run(
      [
        ...gates,
        elementCommands(tables, "add", elements()),
        ...previous.map((table) => `delete table ${table}\n`),
      ].join(""),
    );
    this.#tables = tables;
    this.#fingerprint = fingerprint;
    return refused;
  }

  /** Commands that let the host's firewall judge these ports, too. */
  publish(elements: readonly PortElement[]): string {
    return elementCommands(this.#tables, "add", elements);
  }

  /** Commands for some elements in place of others. */
  replace(gone: readonly PortElement[], added: readonly PortElement[]): string {
    return (
      elementCommands(this.#tables, "delete", gone) + elementCommands(this.#tables, "add", added)
    );
  }

  withdraw(elements: readonly PortElement[]): void {
    const commands = elementCommands(this.#tables, "delete", elements);
    if (commands === "") return;
    try {
      this.#nftables.run(commands);
    } catch (error) {
      if (!(error instanceof NftablesError && error.missing)) throw error;
      if (elements.length > 1) for (const element of elements) this.withdraw([element]);
    }
  }

  /** What the copies lack, as sentences. */
  differences(elements: readonly PortElement[]): string[] {
    if (!this.#isWhole()) return ["A copy of the host's input rules is missing"];
    const lacking = this.#tables.flatMap(({ family, name }) =>
      MAPS[family].flatMap((map) => {
        const [object] = this.#nftables
          .list(`list set ${family} ${name} ${setName(map)}`)
          .filter((one) => "set" in one);
        const { elem = [] } = (object?.["set"] ?? {}) as { elem?: readonly unknown[] };
        const present = new Set(elem.map(elementText));
        return elements.filter((element) => element.map === map && !present.has(element.key));
      }),
    );
    return [...new Set(lacking.map(({ key }) => key))].map(
      (key) => `The copy of the host's input rules does not judge the published port ${key}`,
    );
  }

  /** The next `follow` makes the copies anew. */
  distrust(): void {
    this.#fingerprint = undefined;
  }

  cleanUp(): void {
    const tables = this.#present();
    this.#tables = [];
    this.#fingerprint = undefined;
    if (tables.length > 0) {
      this.#nftables.run(tables.map((table) => `delete table ${table}\n`).join(""));
    }
  }

  /** Names of copies that are not there, whoever has left some. */
  #unusedPrefix(): string {
    const present = this.#present();
    let number = 0;
    while (present.some((table) => table.includes(` ${this.#prefix}${number}-`))) number++;
    return `${this.#prefix}${number}-`;
  }

  #isWhole(): boolean {
    const present = this.#present();
    return this.#tables.every(({ family, name }) => present.includes(`${family} ${name}`));
  }

  /** `ip berth-guard-0-1`: every copy that is there, of whatever daemon of this name. */
  #present(): string[] {
    return this.#nftables.tables().filter((table) => table.split(" ")[1]?.startsWith(this.#prefix));
  }
}
