import { describe, expect, test } from "bun:test";
import { matchPattern } from "./match-pattern.ts";

describe("matchPattern()", () => {
  const cases: [string, string, boolean][] = [
    ["busybox", "busybox", true],
    ["busy*", "busybox:1.2", true],
    ["*", "a/b", false],
    ["*/*", "a/b", true],
    ["b?sybox", "busybox", true],
    ["[a-c]usybox", "busybox", true],
    ["[^a-c]usybox", "busybox", false],
    ["a.c", "abc", false],
    ["a\\*c", "a*c", true],
    ["a\\*c", "abc", false],
    ["localhost:5000/*", "localhost:5000/app", true],
    ["(x)+", "(x)+", true],
    ["a-b", "a-b", true],
  ];
  for (const [pattern, name, matches] of cases) {
    test(`${pattern} ${matches ? "takes" : "leaves"} ${name}`, () => {
      expect(matchPattern(pattern, name)).toBe(matches);
    });
  }

  for (const pattern of ["[", "[a", "[]a]", "[z-a]", "a\\", "[a-]"]) {
    test(`refuses ${pattern}`, () => {
      expect(() => matchPattern(pattern, "a")).toThrow("syntax error in pattern");
    });
  }
});
