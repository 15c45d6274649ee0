import { NftablesError } from "../linux/nftables.ts";

const chain = (hook: string): string => `{ type nat hook ${hook} priority 0; }`;

/** What Berth's rules are made of: the kernel's option and module, and the chain and rule that need it. */
const NEEDS: readonly { feature: string; chain?: string; rule?: string }[] = [
  { feature: "nftables (CONFIG_NF_TABLES, module nf_tables)" },
  { feature: "address translation (CONFIG_NFT_NAT, module nft_chain_nat)", chain: chain("output") },
  {
    feature: "routing look-ups (CONFIG_NFT_FIB_INET, module nft_fib_inet)",
    rule: "fib daddr type local",
  },
  {
    feature: "address translation (CONFIG_NFT_NAT, module nft_nat)",
    chain: chain("output"),
    rule: "dnat ip to 127.0.0.1",
  },
  {
    feature: "masquerading (CONFIG_NFT_MASQ, module nft_masq)",
    chain: chain("postrouting"),
    rule: "masquerade",
  },
  { feature: "connection tracking (CONFIG_NFT_CT, module nft_ct)", rule: "ct state established" },
];

/**
 * Tries, one by one, what the rules need and names the first that the kernel does not have; undefined when
 * it has all. nft's own words are no more than `No such file or directory` for every rule that failed.
 * `run` carries out nft(8) commands; `table` comes and goes.
 */
export function missingRuleFeature(
  run: (commands: string) => void,
  table: string,
): string | undefined {
  const attempt = (commands: string): boolean => {
    try {
      run(commands);
      return true;
    } catch (error) {
      if (error instanceof NftablesError) return false;
      throw error;
    }
  };
  for (const need of NEEDS) {
    const rule = need.rule === undefined ? "" : `\nadd rule inet ${table} probe ${need.rule}`;
    const there = attempt(
      `add table inet ${table}\nadd chain inet ${table} probe ${need.chain ?? ""}${rule}`,
    );
    attempt(`delete table inet ${table}`);
    if (!there) return need.feature;
  }
  return undefined;
}
