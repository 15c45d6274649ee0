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
    for (const family of FAMILIES) this.#applyFamily(family, devices);
  }

  cleanUp(): void {
    this.apply([]);
  }

  #applyFamily(family: Family, devices: readonly string[]): void {
    const user = this.#list(family, "DOCKER-USER");
    const forward = this.#list(family, "FORWARD");
    const needed = user !== undefined || forward?.policy === "drop";
    const place = user === undefined ? "FORWARD" : "DOCKER-USER";
    for (const [name, chain] of [
      ["DOCKER-USER", user],
      ["FORWARD", forward],
    ] as const) {
      if (chain === undefined) continue;
      const wanted = needed && name === place ? devices : [];
      this.#correct(family, name, chain, wanted);
    }
  }

  /** Leaves a chain alone that is right already: its counters and its order are the host's. */
  #correct(family: Family, name: string, chain: ListedChain, devices: readonly string[]): void {
    const own = chain.rules.filter(({ comment }) => comment === this.#comment);
    const wanted = devices.flatMap((device) => [`iifname "${device}"`, `oifname "${device}"`]);
    const present = own.map(describeRule);
    const right =
      present.length === wanted.length && wanted.every((rule) => present.includes(rule));
    if (right && (wanted.length === 0 || !followsReturn(chain, own))) return;
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
