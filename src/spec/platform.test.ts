import { describe, expect, test } from "bun:test";
import { parsePlatform, platformDistance, platformString } from "./platform.ts";

const host = { os: "linux", architecture: "amd64" };

describe("parsePlatform()", () => {
  const cases: [string, string][] = [
    ["linux/amd64", "linux/amd64"],
    ["linux/x86_64", "linux/amd64"],
    ["aarch64", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/armel", "linux/arm/v6"],
    ["linux/arm/6", "linux/arm/v6"],
    ["linux", "linux/amd64"],
    ["Linux/AMD64", "linux/amd64"],
    ["linux/constructor", "linux/constructor"],
  ];
  for (const [text, expected] of cases) {
    test(text, () => expect(platformString(parsePlatform(text, host))).toBe(expected));
  }

  for (const text of ["", "a/b/c/d", "linux/", "linux/am d"]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parsePlatform(text, host)).toThrow("is an invalid platform");
    });
  }
});

describe("platformDistance()", () => {
  const distance = (wanted: string, offered: string) =>
    platformDistance(parsePlatform(wanted, host), parsePlatform(offered, host));

  test("the very same is best", () => {
    expect(distance("linux/arm64/v8", "linux/arm64")).toBe(0);
    expect(distance("linux/arm/v6", "linux/arm/v6")).toBe(0);
  });

  test("older variants run, newer ones do not", () => {
    expect(distance("linux/arm/v7", "linux/arm/v6")).toBe(1);
    expect(distance("linux/arm/v6", "linux/arm/v7")).toBeUndefined();
    expect(distance("linux/amd64", "linux/386")).toBe(1);
    expect(distance("linux/amd64", "linux/amd64/v3")).toBeUndefined();
    expect(distance("linux/amd64/v3", "linux/amd64")).toBe(2);
  });

  test("a stranger's numbers and names cost nothing", () => {
    expect(distance("linux/amd64/v9000000000", "linux/amd64/v9")).toBe(0);
    expect(distance("linux/constructor", "linux/amd64")).toBeUndefined();
  });

  test("another system or machine never runs", () => {
    expect(distance("linux/amd64", "windows/amd64")).toBeUndefined();
    expect(distance("linux/amd64", "linux/arm64")).toBeUndefined();
    expect(distance("linux/amd64", "unknown/unknown")).toBeUndefined();
  });
});
