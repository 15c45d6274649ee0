import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { InvalidTemplate, interpolate, MissingVariable } from "./interpolate.ts";

const values: Record<string, string> = { A: "one", EMPTY: "", B: "two" };
const lookup = (name: string) => values[name];
const at = (text: string) => interpolate(text, { lookup });

describe("interpolate", () => {
  test.each([
    ["$A", "one"],
    ["${A}", "one"],
    ["x${A}y$B-z", "xoney" + "two-z"],
    ["$$A", "$A"],
    ["$${A}", "${A}"],
    ["${NONE:-fallback}", "fallback"],
    ["${NONE-fallback}", "fallback"],
    ["${EMPTY:-fallback}", "fallback"],
    ["${EMPTY-fallback}", ""],
    ["${A:-fallback}", "one"],
    ["${A:+alternate}", "alternate"],
    ["${EMPTY:+alternate}", ""],
    ["${EMPTY+alternate}", "alternate"],
    ["${NONE+alternate}", ""],
    ["${A:?needed}", "one"],
    ["${EMPTY?needed}", ""],
    ["${NONE:-${B:-x}}", "two"],
    ["${NONE:-a${ALSO_NONE:-b}c}d", "abcd"],
    ["${A:-${NONE:?never asked}}", "one"],
    ["${NONE:-http://h:1/p?q=$B}", "http://h:1/p?q=two"],
    ["${NONE:-a-b:+c?d}", "a-b:+c?d"],
    ["no variables", "no variables"],
    ["€$A€", "€one€"],
  ])("%s is %s", (text, expected) => {
    expect(at(text)).toBe(expected);
  });

  test.each(["${", "${A", "$", "a $ b", "${1}", "${A:}", "${}", "${A!x}", "${A:-x", "$1"])(
    "%s is refused",
    (text) => {
      expect(() => at(text)).toThrow(InvalidTemplate);
    },
  );

  test("a required variable names itself and the reason", () => {
    expect(() => at("${NONE:?set it to $B}")).toThrow(
      "required variable NONE is missing a value: set it to two",
    );
    expect(() => at("${EMPTY:?}")).toThrow(MissingVariable);
  });

  test("tells of what is not set, once for each use, and not of unused branches", () => {
    const unset: string[] = [];
    interpolate("$X ${Y} ${A:-$Z} ${Q:-$R}", { lookup, onUnset: (name) => unset.push(name) });
    expect(unset).toEqual(["X", "Y", "R"]);
  });

  test("text without dollars stays, escaped dollars come back", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(at(text.replaceAll("$", "$$$$"))).toBe(text);
      }),
    );
  });

  test("any text is either replaced or refused, in bounded time", () => {
    const pieces = fc.constantFrom("$", "{", "}", "A", "NONE", ":-", "?", ":+", "$$", "${A:-", "x");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        try {
          expect(typeof at(parts.join(""))).toBe("string");
        } catch (error) {
          expect(error instanceof InvalidTemplate || error instanceof MissingVariable).toBe(true);
        }
      }),
    );
  });
});
