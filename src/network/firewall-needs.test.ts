import { describe, expect, test } from "bun:test";
import { NftablesError } from "../linux/nftables.ts";
import { missingRuleFeature } from "./firewall-needs.ts";

describe("missingRuleFeature()", () => {
  const without = (word: string) => {
    const tables = new Set<string>();
    const run = (commands: string) => {
      if (commands.includes(word)) throw new NftablesError("No such file or directory");
      for (const [, verb, table = ""] of commands.matchAll(/^(add|delete) table inet (\S+)/gm)) {
        if (verb === "add") tables.add(table);
        else if (!tables.delete(table)) throw new NftablesError("No such file or directory");
      }
    };
    return { missing: missingRuleFeature(run, "probe"), left: [...tables] };
  };

  test.each([
    ["add table", "nftables (CONFIG_NF_TABLES"],
    ["type nat", "module nft_chain_nat"],
    ["fib daddr", "module nft_fib_inet"],
    ["dnat", "module nft_nat"],
    ["masquerade", "masquerading (CONFIG_NFT_MASQ, module nft_masq)"],
    ["ct state", "module nft_ct"],
  ])("a kernel that refuses %p", (word, feature) => {
    expect(without(word)).toEqual({ missing: expect.stringContaining(feature), left: [] });
  });

  test("a kernel that has all of it", () => {
    expect(without("nothing of this")).toEqual({ missing: undefined, left: [] });
  });
});
