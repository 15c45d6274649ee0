import { describe, expect, test } from "bun:test";
import {
  CAPABILITIES,
  capabilitiesOfMask,
  DEFAULT_CAPABILITIES,
  normalizeCapabilities,
  resolveCapabilities,
} from "./capabilities.ts";

const resolve = (add: string[], drop: string[], available: readonly string[] = CAPABILITIES) =>
  resolveCapabilities({ add, drop, privileged: false, available });

describe("resolveCapabilities()", () => {
  test("is Docker's set without further ado", () => {
    expect(resolve([], [])).toEqual([...DEFAULT_CAPABILITIES]);
  });
  test("adds and drops in any spelling", () => {
    expect(resolve(["net_admin"], ["CAP_CHOWN", "Kill"])).toEqual([
      ...DEFAULT_CAPABILITIES.filter((name) => !["CAP_CHOWN", "CAP_KILL"].includes(name)),
      "CAP_NET_ADMIN",
    ]);
  });
  test("ALL is what the engine holds", () => {
    const available = ["CAP_CHOWN", "CAP_SYS_ADMIN"];
    expect(resolve(["ALL"], [], available)).toEqual(available);
    expect(resolve(["all"], ["sys_admin"], available)).toEqual(["CAP_CHOWN"]);
    expect(resolve(["kill"], ["ALL"])).toEqual(["CAP_KILL"]);
    expect(resolve([], ["ALL"])).toEqual([]);
  });
  test("refuses what the engine cannot give", () => {
    expect(() => resolve(["SYS_RESOURCE"], [], ["CAP_CHOWN"])).toThrow(
      "Cannot add capability CAP_SYS_RESOURCE: the engine does not hold it on this host",
    );
  });
});

test("normalizeCapabilities() knows Docker's words for an unknown one", () => {
  expect(() => normalizeCapabilities(["foo"])).toThrow('unknown capability: "CAP_FOO"');
});

test("capabilitiesOfMask() reads the kernel's sets", () => {
  expect(capabilitiesOfMask("00000000a80425fb").sort()).toEqual([...DEFAULT_CAPABILITIES].sort());
  expect(capabilitiesOfMask("000001ffffffffff")).toEqual([...CAPABILITIES]);
});
