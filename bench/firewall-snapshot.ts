/** What iptables holds, one line per policy (`-P`), chain (`-N`) and rule (`-A`), by table. */
type Rules = ReadonlyMap<string, readonly string[]>;

const TABLES = ["filter", "nat"] as const;

function iptables(table: string, ...words: string[]): string {
  return Bun.spawnSync(["iptables", "-w", "-t", table, ...words]).stdout.toString();
}

export function readRules(): Rules {
  return new Map(TABLES.map((table) => [table, iptables(table, "-S").trim().split("\n")]));
}

/**
 * Takes away what a dockerd has left behind: it never removes its own rules. What was there before stays, and
 * so does what another daemon has added meanwhile: only lines that name Docker's chains or the bridge go.
 */
export function removeAddedRules(before: Rules, bridge: string): void {
  for (const [table, lines] of readRules()) {
    const old = new Set(before.get(table));
    const added = lines.filter((line) => !old.has(line));
    const ours = added.filter((line) => line.includes("DOCKER") || line.includes(bridge));
    for (const rule of ours) if (rule.startsWith("-A ")) change(table, rule.replace("-A", "-D"));
    for (const chain of ours) if (chain.startsWith("-N ")) change(table, chain.replace("-N", "-X"));
    const policies = added.filter((line) => line.startsWith("-P "));
    for (const policy of policies) {
      const chain = policy.split(" ")[1];
      const previous = [...old].find((line) => line.startsWith(`-P ${chain} `));
      if (previous !== undefined) change(table, previous);
    }
  }
}

function change(table: string, line: string): void {
  iptables(table, ...line.split(" ").filter((word) => word !== ""));
}
