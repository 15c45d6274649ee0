import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  closeNamespace,
  enterNetworkNamespace,
  openNetworkNamespace,
  unshareNetworkNamespace,
} from "./namespace.ts";
import { Nftables, NftablesError } from "./nftables.ts";

describe("Nftables", () => {
  let home: number;
  const nftables = new Nftables();

  beforeAll(() => {
    home = openNetworkNamespace("/proc/thread-self/ns/net");
    unshareNetworkNamespace();
  });
  afterAll(() => {
    nftables.close();
    enterNetworkNamespace(home);
    closeNamespace(home);
  });

  test("run() is one transaction", () => {
    nftables.run("add table inet probe; add set inet probe ports { type inet_service; }");
    const half = "add element inet probe ports { 80 }; add element inet probe missing { 81 }";
    expect(() => nftables.run(half)).toThrow(NftablesError);
    expect(JSON.stringify(nftables.list("list set inet probe ports"))).not.toContain("80");
    nftables.run("add element inet probe ports { 80 }");
    expect(JSON.stringify(nftables.list("list set inet probe ports"))).toContain("80");
  });

  test("errors carry the library's words and tell what is missing", () => {
    const failure = (commands: string): NftablesError => {
      try {
        nftables.run(commands);
      } catch (error) {
        if (error instanceof NftablesError) return error;
      }
      throw new Error("did not fail");
    };
    expect(failure("delete table inet nowhere").missing).toBe(true);
    const syntax = failure("add tabel x");
    expect(syntax.missing).toBe(false);
    expect(syntax.message).toContain("syntax error");
  });
});
