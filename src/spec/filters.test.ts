import { describe, expect, test } from "bun:test";
import { decodeFilters, encodeFilters, filterFlag, matchesLabels } from "./filters.ts";

describe("decodeFilters()", () => {
  test("reads the list form and the map form alike", () => {
    const wanted = { label: ["a=b", "c"], name: ["web"] };
    expect(decodeFilters('{"label":["a=b","c"],"name":["web"]}')).toEqual(wanted);
    expect(decodeFilters('{"label":{"a=b":true,"c":true},"name":{"web":true}}')).toEqual(wanted);
    expect(decodeFilters("")).toEqual({});
    expect(decodeFilters("{}")).toEqual({});
  });

  test("refuses what is no filter in Docker's words", () => {
    for (const text of ["{", "[]", '"x"', "1", '{"a":1}', '{"a":[1]}', '{"a":{"b":"c"}}']) {
      expect(() => decodeFilters(text)).toThrow(/^invalid filter$/);
    }
    expect(() => decodeFilters('{"colour":["red"]}', ["name"])).toThrow("invalid filter 'colour'");
  });

  test("decodes what encodeFilters() encodes", () => {
    const filters = { label: ["a=b", "ü"], status: ["exited", "dead"] };
    expect(decodeFilters(encodeFilters(filters) ?? null)).toEqual(filters);
    expect(encodeFilters({ label: [] })).toBeUndefined();
  });
});

test("filterFlag() takes yes or no, not both and not anything else", () => {
  expect(filterFlag({ dangling: ["true"] }, "dangling", false)).toBe(true);
  expect(filterFlag({ dangling: ["0"] }, "dangling", true)).toBe(false);
  expect(filterFlag({}, "dangling", true)).toBe(true);
  expect(() => filterFlag({ dangling: ["maybe"] }, "dangling", true)).toThrow(
    "invalid filter 'dangling=[maybe]'",
  );
  expect(() => filterFlag({ dangling: ["1", "0"] }, "dangling", true)).toThrow();
});

test("matchesLabels() wants every label", () => {
  const labels = { a: "b", c: "" };
  expect(matchesLabels(["a", "a=b", "c="], labels)).toBe(true);
  expect(matchesLabels(["a=x"], labels)).toBe(false);
  expect(matchesLabels(["d"], labels)).toBe(false);
  expect(matchesLabels(undefined, null)).toBe(true);
});
