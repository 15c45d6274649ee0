import { invalidArgument } from "../spec/index.ts";
import type { JsonSchema } from "./json-schema.ts";

/**
 * Decoders of request bodies with the manners of Go's encoding/json, which Docker's clients count on:
 * unknown fields are dropped, field names match in any case, null counts as absent for a scalar or an
 * object, and a value of the wrong type is refused with the field's name.
 */
export interface Decoder<T> {
  (value: unknown, at: string): T | undefined;
  /** What it takes, for the OpenAPI document; the same tables describe what the API answers. */
  readonly schema: JsonSchema;
}

export function decoder<T>(
  schema: JsonSchema,
  decode: (value: unknown, at: string) => T | undefined,
): Decoder<T> {
  return Object.assign(decode, { schema });
}

/** One decoder for every field of T: a new field in `spec/` cannot be forgotten here. */
export type Shape<T> = { readonly [K in keyof T]-?: Decoder<Exclude<T[K], undefined>> };

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}

function mismatch(value: unknown, at: string, wanted: string): Error {
  // Go tells the number where it is one, but not of the kind that was wanted.
  const what =
    typeof value === "number" && wanted.startsWith("int") ? `number ${value}` : typeName(value);
  return invalidArgument(
    `invalid JSON: json: cannot unmarshal ${what} into Go struct field ${at} of type ${wanted}`,
  );
}

export const text: Decoder<string> = decoder({ type: "string" }, (value, at) => {
  if (value === null) return undefined;
  if (typeof value !== "string") throw mismatch(value, at, "string");
  return value;
});

export const flag: Decoder<boolean> = decoder({ type: "boolean" }, (value, at) => {
  if (value === null) return undefined;
  if (typeof value !== "boolean") throw mismatch(value, at, "bool");
  return value;
});

export const integer: Decoder<number> = decoder({ type: "integer" }, (value, at) => {
  if (value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || Math.abs(value) > 2 ** 63) {
    throw mismatch(value, at, "int64");
  }
  return value;
});

/** One of a closed set is the engine's to check; here it is any string. */
export function word<T extends string>(...words: readonly T[]): Decoder<T> {
  const schema: JsonSchema = words.length === 0 ? text.schema : { type: "string", enum: words };
  return decoder(schema, (value, at) => text(value, at) as T | undefined);
}

/** Anything at all. */
export const anything: Decoder<unknown> = decoder({}, (value) => value);

/** Gives a schema its name in the document; what has a name is written down once. */
export function named<T>(name: string, decode: Decoder<T>): Decoder<T> {
  return decoder({ $ref: name, target: decode.schema }, (value, at) => decode(value, at));
}

/** A pointer in Go: null is a value of its own. */
export function nullable<T>(decode: Decoder<T>): Decoder<T | null> {
  return decoder({ ...decode.schema, nullable: true }, (value, at) =>
    value === null ? null : decode(value, at),
  );
}

export function list<T>(decode: Decoder<T>): Decoder<T[]> {
  return decoder({ type: "array", items: decode.schema }, (value, at) => {
    if (value === null) return undefined;
    if (!Array.isArray(value)) throw mismatch(value, at, "[]string");
    return value.map((item) => decode(item, at)).filter((item) => item !== undefined);
  });
}

/** A command: a list, or one string that stands for a list of one. */
export const command: Decoder<string[]> = decoder(list(text).schema, (value, at) =>
  typeof value === "string" ? [value] : list(text)(value, at),
);

export function map<T>(decode: Decoder<T>): Decoder<Record<string, T>> {
  const schema: JsonSchema = { type: "object", additionalProperties: decode.schema };
  return decoder(schema, (value, at) => {
    if (value === null) return undefined;
    const entries: [string, T][] = [];
    for (const [key, item] of Object.entries(asObject(value, at, "map"))) {
      const decoded = decode(item, `${at}.${key}`);
      if (decoded !== undefined) entries.push([key, decoded]);
    }
    return Object.fromEntries(entries);
  });
}

/** A set, written as a map to empty objects. */
export const set: Decoder<Record<string, Record<string, never>>> = map(
  decoder({ type: "object" }, (value, at) => {
    if (value !== null) asObject(value, at, "struct {}");
    return {};
  }),
);

/** `[height, width]`, like Go's [2]uint. */
export const pair: Decoder<[number, number]> = decoder(list(integer).schema, (value, at) => {
  const [first = 0, second = 0] = list(integer)(value, at) ?? [];
  return value === null ? undefined : [first, second];
});

/** @param absent what Go's zero values would be: laid under what the client sent. */
export function object<T>(shape: Shape<T>, absent?: T): Decoder<T> {
  const decoders = new Map<string, [string, Decoder<unknown>]>();
  for (const [name, decode] of Object.entries(shape)) {
    decoders.set(name, [name, decode as Decoder<unknown>]);
    decoders.set(name.toLowerCase(), [name, decode as Decoder<unknown>]);
  }
  return decoder({ type: "object", properties: schemasOf(shape) }, (value, at) => {
    if (value === null) return undefined;
    const result: Record<string, unknown> = { ...absent };
    for (const [key, item] of Object.entries(asObject(value, at, "struct"))) {
      const [name, decode] = decoders.get(key) ?? decoders.get(key.toLowerCase()) ?? [];
      if (name === undefined || decode === undefined) continue;
      const decoded = decode(item, `${at}.${name}`);
      if (decoded !== undefined) result[name] = decoded;
    }
    return result as T;
  });
}

function schemasOf<T>(shape: Shape<T>): Record<string, JsonSchema> {
  const entries = Object.entries(shape) as [string, Decoder<unknown>][];
  return Object.fromEntries(entries.map(([name, { schema }]) => [name, schema]));
}

function asObject(value: unknown, at: string, wanted: string): object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw mismatch(value, at, wanted);
  }
  return value;
}

/** `null`, where a field is that alone. */
export const nothing: Decoder<null> = decoder({ nullable: true }, () => null);
