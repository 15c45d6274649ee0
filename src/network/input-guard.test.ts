import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyInputRules } from "../linux/netlink/input-copy.ts";
import { Nftables } from "../linux/nftables.ts";
import { InputGuard } from "./input-guard.ts";
import { NetworkLab, run } from "./testing/network-lab.ts";

let lab: NetworkLab;
let nftables: Nftables;
let guard: InputGuard;
beforeAll(() => {
  lab = new NetworkLab();
  nftables = new Nftables();
  guard = new InputGuard(nftables, "berth-test");
});
afterAll(() => {
  nftables.close();
  lab.close();
});

const follow = () =>
  guard.follow(
    async (prefix, known) => copyInputRules("berth-test", prefix, known),
    () => [{ map: "any4", key: "tcp . 8080", target: "192.0.2.1 . 80", device: "bt0" }],
  );
const copies = () =>
  run("nft", "list", "tables")
    .split("\n")
    .filter((line) => line.includes("berth-test-guard"));
const listed = (table: string) => run("nft", "list", "table", ...table.split(" ").slice(1));

describe("InputGuard", () => {
  test("a host without rules about itself has no copy", async () => {
    expect(await follow()).toEqual([]);
    expect(copies()).toEqual([]);
  });

  test("iptables' chains are copied with their matches; REJECT becomes one that may stand there", async () => {
    const rules = [
      "-N ours",
      "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      "-A INPUT -j ours",
      "-A ours -p tcp -m multiport --dports 8080:8090,9000 -m recent --name x --rcheck -j RETURN",
      "-A ours -m addrtype --dst-type LOCAL -m limit --limit 3/min -j LOG --log-prefix x",
      "-A ours -p tcp --dport 8080 -j REJECT --reject-with tcp-reset",
      "-N forward-only",
      "-A FORWARD -j forward-only",
      "-P INPUT DROP",
    ];
    for (const rule of rules) run("iptables", "-w", ...rule.split(" "));
    expect(await follow()).toEqual([]);
    const [copy = ""] = copies();
    const text = listed(copy);
    expect(text).toContain("reject with tcp reset");
    expect(text).toContain("xt match recent");
    expect(text).not.toContain("forward-only");
    expect(text).toMatch(/jump INPUT\s+drop/);
    expect(text).toContain("elements = { tcp . 8080 }");
  });

  test("an unchanged firewall is left alone, counters or not; a changed one replaces the copy", async () => {
    const before = copies();
    run("iptables", "-Z");
    await follow();
    expect(copies()).toEqual(before);
    run("iptables", "-w", "-A", "ours", "-s", "192.0.2.9", "-j", "DROP");
    await follow();
    expect(copies()).not.toEqual(before);
    expect(copies()).toHaveLength(1);
    expect(listed(copies()[0] ?? "")).toContain("192.0.2.9");
  });

  test("plain nftables: sets, intervals, verdict maps, named objects, several tables", async () => {
    nftables.run(`table inet admin {
      set bad { type ipv4_addr; flags interval; elements = { 192.0.2.0/24, 198.18.7.1-198.18.7.9 }; }
      set seen { type ipv4_addr; flags dynamic,timeout; timeout 1h; }
      counter c { }
      limit l { rate 10/second; }
      chain web { ip saddr @bad drop; limit name "l" accept; }
      chain ssh { accept; }
      chain input { type filter hook input priority 5; policy drop;
        iifname { "up0", "eth*" } counter name "c"
        add @seen { ip saddr }
        tcp dport vmap { 80 : jump web, 22 : goto ssh, 8000-8999 : jump web }
        ip saddr . tcp dport { 192.0.2.1 . 80, 192.0.2.0/24 . 90-99 } accept
        ct state vmap { established : accept, related : accept, invalid : drop }
        reject with icmpx admin-prohibited
      }
    }`);
    expect(await follow()).toEqual([]);
    expect(copies()).toHaveLength(2);
    const text = listed(copies().find((line) => line.includes("inet")) ?? "");
    const original = run("nft", "list", "table", "inet", "admin");
    expect(text).toContain("198.18.7.1-198.18.7.9");
    for (const rule of ["8000-8999 : jump web", "192.0.2.0/24 . 90-99", 'limit name "l"']) {
      expect(original).toContain(rule);
    }
    expect(text).toContain('limit name "l" accept');
    expect(text).toContain("reject with icmpx admin-prohibited");
  });

  test("forgets with the host's rules", async () => {
    run("nft", "flush", "ruleset");
    await follow();
    expect(copies()).toEqual([]);
    guard.cleanUp();
  });
});
