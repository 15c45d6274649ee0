import { describe, expect, test } from "bun:test";
import { parseContainerName, randomName } from "./names.ts";

describe("parseContainerName()", () => {
  for (const name of ["ab", "a.b-c_d", "0x", "/slash"]) {
    test(`accepts ${name}`, () => expect(parseContainerName(name)).toBe(name.replace("/", "")));
  }
  for (const name of ["", "a", "_a", "a b", "ä1", "a/b", "//a", "a\n"]) {
    test(`rejects ${JSON.stringify(name)}`, () => {
      expect(() => parseContainerName(name)).toThrow(`Invalid container name (${name}), only`);
    });
  }
});

describe("randomName()", () => {
  test("makes names that are valid", () => {
    for (let i = 0; i < 500; i++) {
      const name = randomName(() => false);
      expect(parseContainerName(name)).toBe(name);
    }
  });

  test("finds a free one where every pair of words is taken", () => {
    expect(randomName((name) => /^[a-z]+_[a-z]+$/.test(name))).toMatch(/^[a-z]+_[a-z]+\d+$/);
  });
});
