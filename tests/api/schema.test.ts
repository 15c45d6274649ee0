import { expect, test } from "bun:test";
import { type Schema, validate } from "./schema.ts";

const definitions: Record<string, Schema> = {
  Port: { type: "object", properties: { Number: { type: "integer" } }, required: ["Number"] },
  Thing: {
    allOf: [
      { type: "object", properties: { Name: { type: "string" } } },
      { type: "object", properties: { Ports: { type: "array", items: { $ref: "Port" } } } },
    ],
  },
};

const check = (value: unknown): string[] => validate(value, { $ref: "Thing" }, definitions);

test("validate() finds what is wrong and where", () => {
  expect(check({ Name: "x", Ports: [{ Number: 1 }] })).toEqual([]);
  expect(check({ Ports: null })).toEqual([]);
  expect(check({ Name: 5 })).toEqual(["Thing.Name: 5 is not of type string"]);
  expect(check({ Name: null })).toEqual(["Thing.Name: null instead of string"]);
  expect(check({ Ports: [{ Number: 1.5 }, {}] })).toEqual([
    "Port.Number: 1.5 is not of type integer",
    "Port.Number: is missing",
  ]);
  expect(check({ Colour: "red" })).toEqual(["Thing.Colour: is not in the API"]);
  expect(validate("x", { type: "string", enum: ["y"] }, {})).toEqual([': "x" is none of y']);
});
