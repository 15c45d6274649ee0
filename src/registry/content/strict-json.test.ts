import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ambiguityOf } from "./strict-json.ts";

describe("ambiguityOf()", () => {
  test.each([
    ['{"a":1,"a":2}', '"a" stands in it twice'],
    ['{"a":1,"b":{"c":"a"},"\\u0061":2}', '"a" stands in it twice'],
    ['[{"x":{"y":1,"z":[{"y":1}],"y":2}}]', '"y" stands in it twice'],
    ['{"__proto__":1,"__proto__":2}', '"__proto__" stands in it twice'],
    [`${"[".repeat(101)}${"]".repeat(101)}`, "it has more than 100 levels"],
  ])("%s", (json, found) => {
    expect(ambiguityOf(json)).toBe(found);
  });

  test.each([
    '{"a":"a","b":"a","c":["a","a"]}',
    '[{"a":1},{"a":1}]',
    '{"a":{"a":{"a":1}}}',
    '{"quote\\"":1,"quote":"\\\\","{":"}"}',
    '{ "a" : 1 , "A" : 2 }',
    "7",
  ])("nothing in %s", (json) => {
    JSON.parse(json);
    expect(ambiguityOf(json)).toBeUndefined();
  });

  test("nothing in what a serializer writes", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (json) => {
        // The generator's own text may name something twice; written again it does not.
        expect(ambiguityOf(JSON.stringify(JSON.parse(json)))).toBeUndefined();
      }),
    );
  });
});
