import { didYouMean } from "./closest-name.ts";
import { ComposeFileError } from "./compose-file-error.ts";
import schemaDocument from "./compose-schema.json" with { type: "json" };
import type { MapNode, Node } from "./node.ts";

/** The part of JSON Schema (draft 7) that the Compose Specification's schema uses. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean;
  required?: string[];
  items?: Schema;
  uniqueItems?: boolean;
  oneOf?: Schema[];
  enum?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  definitions?: Record<string, Schema>;
}

const document = schemaDocument as unknown as Schema;

/**
 * Checks one file against the Compose Specification's schema (compose-spec.json, draft 7).
 * Throws ComposeFileError for the first fault: where, what was found, what was expected, and the key that
 * was likely meant.
 */
export function validateSchema(root: Node): void {
  const fault = check(root, document, []);
  if (fault !== undefined) throw new ComposeFileError(fault.message, fault.node.at);
}

interface Fault {
  node: { at: Node["at"] };
  message: string;
  depth: number;
}

function check(node: Node, given: Schema, path: string[]): Fault | undefined {
  const schema = resolve(given);
  if (schema.oneOf !== undefined) return checkOneOf(node, schema.oneOf, path);
  if (schema.type !== undefined && !typesOf(schema).some((type) => isOfType(node, type))) {
    const found = { node, message: `${describe(path)} must be ${expected(typesOf(schema))}` };
    return { ...found, depth: path.length };
  }
  if (node.kind === "map") return checkMap(node, schema, path);
  if (node.kind === "list") return checkList(node, schema, path);
  return checkScalar(node, schema, path);
}

function resolve(schema: Schema): Schema {
  const name = schema.$ref?.replace("#/definitions/", "");
  return name === undefined ? schema : resolve(document.definitions?.[name] ?? {});
}

/** The complaint of the alternative that fits furthest is the one that helps. */
function checkOneOf(node: Node, alternatives: Schema[], path: string[]): Fault | undefined {
  const faults: Fault[] = [];
  const types: string[] = [];
  for (const alternative of alternatives) {
    const fault = check(node, alternative, path);
    if (fault === undefined) return undefined;
    const accepts = acceptedTypes(alternative);
    types.push(...accepts);
    if (accepts.some((type) => isOfType(node, type))) faults.push(fault);
  }
  const [best] = faults.sort((a, b) => b.depth - a.depth);
  if (best !== undefined) return best;
  return { node, message: `${describe(path)} must be ${expected(types)}`, depth: path.length };
}

function acceptedTypes(given: Schema): string[] {
  const schema = resolve(given);
  return schema.oneOf?.flatMap(acceptedTypes) ?? typesOf(schema);
}

const typesOf = ({ type }: Schema): string[] => (type === undefined ? [] : [type].flat());

function isOfType(node: Node, type: string): boolean {
  if (node.kind === "map") return type === "object";
  if (node.kind === "list") return type === "array";
  if (node.value === null) return type === "null";
  if (type === "integer") return Number.isInteger(node.value);
  return typeof node.value === type;
}

function checkMap(node: MapNode, schema: Schema, path: string[]): Fault | undefined {
  const patterns = Object.entries(schema.patternProperties ?? {});
  for (const [key, value] of node.entries) {
    const known = schema.properties?.[key];
    const matching = patterns.find(([pattern]) => new RegExp(pattern).test(key))?.[1];
    const inner = known ?? matching;
    if (inner === undefined) {
      if (schema.additionalProperties === false) return unknownKey(node, key, schema, path);
      continue;
    }
    const fault = check(value, inner, [...path, key]);
    if (fault !== undefined) return fault;
  }
  const missing = schema.required?.find((key) => !node.entries.has(key));
  if (missing === undefined) return undefined;
  return { node, message: `${describe(path)} needs "${missing}"`, depth: path.length };
}

function unknownKey(node: MapNode, key: string, schema: Schema, path: string[]): Fault {
  const at = node.keys.get(key) ?? node.at;
  const hint = didYouMean(key, Object.keys(schema.properties ?? {}));
  const message =
    schema.properties === undefined
      ? `${describe(path)} has a name that is not allowed: "${key}" (letters, digits, ".", "_" and "-" are)`
      : `${describe(path)} has no key "${key}"${hint}`;
  return { node: { at }, message, depth: path.length + 1 };
}

function checkList(
  node: Node & { kind: "list" },
  schema: Schema,
  path: string[],
): Fault | undefined {
  const seen = new Set<string>();
  for (const [index, item] of node.items.entries()) {
    const place = [...path, String(index)];
    const fault = schema.items === undefined ? undefined : check(item, schema.items, place);
    if (fault !== undefined) return fault;
    if (schema.uniqueItems !== true || item.kind !== "scalar") continue;
    const key = JSON.stringify(item.value);
    if (seen.has(key)) {
      const message = `${describe(path)} lists ${key} twice`;
      return { node: item, message, depth: place.length };
    }
    seen.add(key);
  }
  return undefined;
}

function checkScalar(
  node: Node & { kind: "scalar" },
  schema: Schema,
  path: string[],
): Fault | undefined {
  const fault = (message: string): Fault => ({
    node,
    message: `${describe(path)} ${message}`,
    depth: path.length,
  });
  const { value } = node;
  if (schema.enum !== undefined && !schema.enum.includes(String(value))) {
    const choice = schema.enum.map((word) => `"${word}"`).join(", ");
    return fault(`must be one of ${choice}${didYouMean(String(value), schema.enum)}`);
  }
  if (schema.pattern !== undefined && typeof value === "string") {
    if (!new RegExp(schema.pattern).test(value)) return fault(`must match ${schema.pattern}`);
  }
  if (typeof value !== "number") return undefined;
  if (value < (schema.minimum ?? -Infinity)) return fault(`must be at least ${schema.minimum}`);
  if (value > (schema.maximum ?? Infinity)) return fault(`must be at most ${schema.maximum}`);
  return undefined;
}

const describe = (path: string[]): string => (path.length === 0 ? "the file" : path.join("."));

const WORDS: Record<string, string> = {
  string: "a string",
  number: "a number",
  integer: "an integer",
  boolean: "a boolean",
  object: "a mapping",
  array: "a list",
  null: "empty",
};

function expected(types: readonly string[]): string {
  const words = [...new Set(types)].map((type) => WORDS[type] ?? type);
  const last = words.pop() ?? "something else";
  return words.length === 0 ? last : `${words.join(", ")} or ${last}`;
}
