import { type Nftables, NftablesError } from "../linux/nftables.ts";

interface ListedRule {
  handle: number;
  comment?: string;
  expr: readonly unknown[];
}

interface ListedChain {
  policy?: string;
  rules: ListedRule[];
}

const FAMILIES = ["ip", "ip6"] as const;
type Family = (typeof FAMILIES)[number];

/**
 * Accept rules for Berth's bridges in the host's own filter, where that drops what it does not know:
 * dockerd and several firewalls set the policy of FORWARD to DROP. They go where dockerd wants rules of
 * others, before the end of DOCKER-USER, so that what an administrator wrote there comes first; without
 * that chain, to the end of FORWARD. iptables-nft reads them as its own (`-i berth0 -m comment … -j ACCEPT`).
 * What may really pass to a bridge is judged by Berth's own table.
 */
export class ForwardAccept {
  readonly #nftables: Nftables;
  /** Marks the rules of this daemon. */
  readonly #comment: string;

  constructor(nftables: Nftables, comment: string) {
    this.#nftables = nftables;
    this.#comment = comment;
  }

  /** Makes the rules be there for exactly these bridges. Idempotent. */
  apply(devices: readonly string[]): void {
    for (const family of FAMILIES) {
      for (const { name, chain, wanted } of this.#wanted(family, devices)) {
        this.#correct(family, name, chain, wanted);
      }
    }
  }

  /** Where `apply` would change something, as sentences. */
  differences(devices: readonly string[]): string[] {
    return FAMILIES.flatMap((family) =>
      this.#wanted(family, devices).flatMap(({ name, chain, wanted }) =>
        this.#isRight(chain, wanted)
          ? []
          : `The accept rules for the bridges in ${family} filter ${name} are not as they should be`,
      ),
    );
  }

  cleanUp(): void {
    this.apply([]);
  }

  /** The chains that there are, with the bridges that are to have rules there. */
  #wanted(
    family: Family,
    devices: readonly string[],
  ): { name: string; chain: ListedChain; wanted: readonly string[] }[] {
    const user = this.#list(family, "DOCKER-USER");
    const forward = this.#list(family, "FORWARD");
    const needed = user !== undefined || forward?.policy === "drop";
    const place = user === undefined ? "FORWARD" : "DOCKER-USER";
    return (
      [
        ["DOCKER-USER", user],
        ["FORWARD", forward],
      ] as const
    ).flatMap(([name, chain]) =>
      chain === undefined ? [] : { name, chain, wanted: needed && name === place ? devices : [] },
    );
  }

  #isRight(chain: ListedChain, devices: readonly string[]): boolean {
    const own = chain.rules.filter(({ comment }) => comment === this.#comment);
    const wanted = matchesFor(devices);
    const present = new Set(own.map(describeRule));
    const right = own.length === wanted.length && wanted.every((rule) => present.has(rule));
    return right && (wanted.length === 0 || !followsReturn(chain, own));
  }

  /** Leaves a chain alone that is right already: its counters and its order are the host's. */
  #correct(family: Family, name: string, chain: ListedChain, devices: readonly string[]): void {
    if (this.#isRight(chain, devices)) return;
    const own = chain.rules.filter(({ comment }) => comment === this.#comment);
    const wanted = matchesFor(devices);
    const end = chain.rules.find((rule) => isReturn(rule));
    const verb = end === undefined ? "add" : "insert";
    const position = end === undefined ? "" : ` position ${end.handle}`;
    this.#nftables.run(
      [
        ...own.map(({ handle }) => `delete rule ${family} filter ${name} handle ${handle}`),
        ...wanted.map(
          (match) =>
            `${verb} rule ${family} filter ${name}${position} ${match} counter accept comment "${this.#comment}"`,
        ),
      ].join("\n"),
    );
  }

  #list(family: Family, name: string): ListedChain | undefined {
    try {
      const objects = this.#nftables.list(`list chain ${family} filter ${name}`);
      const chain = objects.find((object) => "chain" in object)?.["chain"] as { policy?: string };
      const rules = objects.flatMap((object) =>
        "rule" in object ? [object["rule"] as ListedRule] : [],
      );
      return { ...(chain.policy === undefined ? {} : { policy: chain.policy }), rules };
    } catch (error) {
      if (error instanceof NftablesError && error.missing) return undefined;
      throw error;
    }
  }
}

const matchesFor = (devices: readonly string[]): string[] =>
  devices.flatMap((device) => [`iifname "${device}"`, `oifname "${device}"`]);

/** `iifname "berth0"` of a rule that this class has written. */
function describeRule({ expr }: ListedRule): string {
  const { match } = (expr[0] ?? {}) as {
    match?: { left?: { meta?: { key?: string } }; right?: unknown };
  };
  return `${match?.left?.meta?.key ?? "?"} "${String(match?.right)}"`;
}

/** `-j RETURN` without a condition, with which dockerd ends DOCKER-USER. */
function isReturn({ expr }: ListedRule): boolean {
  const others = expr.filter((part) => !("counter" in (part as object)));
  return others.length === 1 && "return" in (others[0] as object);
}

function followsReturn({ rules }: ListedChain, own: readonly ListedRule[]): boolean {
  const end = rules.findIndex((rule) => isReturn(rule));
  return end >= 0 && own.some((rule) => rules.indexOf(rule) > end);
}
