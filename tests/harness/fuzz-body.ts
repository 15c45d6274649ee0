import type { JsonSchema } from "../../src/server/json-schema.ts";

/** A generator with a seed, so that what fails once fails again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }
}

const TEXTS = [
  "",
  "x",
  "../../etc/passwd",
  "/",
  "\u0000",
  "a b",
  "ü".repeat(300),
  "A=b",
  "-1",
  "80/tcp",
  "%n%s",
  '{"a":1}',
  "x".repeat(70_000),
  "__proto__",
  "constructor",
];
const NUMBERS = [0, -1, 1, 2 ** 31, -(2 ** 31), 2 ** 53, 2 ** 63, 1e30, -1e300, 0.5, 65_536];
const OTHERS: unknown[] = [null, true, [], {}, [[]], { a: { b: {} } }, ["x"], [null], 7, "7"];
/** How often a value is of another type than the schema says: one time in so many. */
const WRONG = 12;

/** A value that a schema describes, more or less; `depth` bounds what nests. */
export function fuzzValue(schema: JsonSchema, random: Random, depth = 0): unknown {
  if (random.below(WRONG) === 0) return random.pick(OTHERS);
  const known = schema.target ?? schema;
  if (known.nullable === true && random.below(6) === 0) return null;
  switch (known.type) {
    case "string":
      return known.enum !== undefined && random.below(2) === 0
        ? random.pick(known.enum)
        : random.pick(TEXTS);
    case "integer":
    case "number":
      return random.pick(NUMBERS);
    case "boolean":
      return random.below(2) === 0;
    case "array":
      return Array.from({ length: random.below(depth > 3 ? 1 : 3) }, () =>
        fuzzValue(known.items ?? {}, random, depth + 1),
      );
    case "object":
      return fuzzObject(known, random, depth);
    default:
      return random.pick(OTHERS);
  }
}

function fuzzObject(schema: JsonSchema, random: Random, depth: number): unknown {
  const result: Record<string, unknown> = {};
  if (random.below(5) === 0) result["NoSuchField"] = random.pick(OTHERS);
  const { properties = {}, additionalProperties } = schema;
  const entries = Object.entries(properties);
  for (let count = random.below(Math.min(entries.length, 6) + 1); count > 0; count--) {
    const [name, property] = random.pick(entries);
    result[random.below(10) === 0 ? name.toLowerCase() : name] = fuzzValue(
      property,
      random,
      depth + 1,
    );
  }
  if (additionalProperties !== undefined && depth < 5) {
    result[random.pick(TEXTS)] = fuzzValue(additionalProperties, random, depth + 1);
  }
  return result;
}

export const fuzzText = (random: Random): string => random.pick(TEXTS);
