/** The part of JSON schema (and of Swagger 2.0) that the Engine API's definition uses. */
export interface Schema {
  $ref?: string;
  type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  nullable?: true;
  properties?: Record<string, Schema>;
  required?: string[];
  additional?: Schema | true;
  items?: Schema;
  enum?: unknown[];
  allOf?: Schema[];
}

const shown = (choice: unknown): string =>
  typeof choice === "string" ? choice : JSON.stringify(choice);

export interface ApiOperation {
  /** Names of the parameters. */
  query: string[];
  body: Schema | null;
  /** Status → schema of the body; null: no body. */
  responses: Record<string, Schema | null>;
}

export interface ApiSchema {
  version: string;
  /** By `GET /containers/json`. */
  operations: Record<string, ApiOperation>;
  definitions: Record<string, Schema>;
}

/**
 * What is wrong with a value, each with the place where it is wrong, from the last definition that has a name
 * on; empty when nothing is.
 */
export function validate(
  value: unknown,
  schema: Schema,
  definitions: Record<string, Schema>,
  at = "",
): string[] {
  if (schema.$ref !== undefined) {
    const target = definitions[schema.$ref];
    return target === undefined
      ? [`${at}: no definition ${schema.$ref}`]
      : validate(value, target, definitions, schema.$ref);
  }
  if (schema.allOf !== undefined) {
    const { allOf, ...rest } = schema;
    return validate(value, merge([...allOf, rest], definitions), definitions, at);
  }
  // Go writes null for an empty slice, map or pointer, whatever the definition says.
  if (value === null) {
    const container = schema.type === "array" || schema.type === "object" || !schema.type;
    return container || schema.nullable === true ? [] : [`${at}: null instead of ${schema.type}`];
  }
  if (!hasType(value, schema)) {
    return [`${at}: ${JSON.stringify(value)?.slice(0, 60)} is not of type ${schema.type}`];
  }
  const isOneOf = (choice: unknown) => JSON.stringify(choice) === JSON.stringify(value);
  if (schema.enum !== undefined && !schema.enum.some(isOneOf)) {
    return [`${at}: ${JSON.stringify(value)} is none of ${schema.enum.map(shown).join(", ")}`];
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return [];
    return value.flatMap((item, index) => validate(item, items, definitions, `${at}[${index}]`));
  }
  if (typeof value === "object") return validateObject(value, schema, definitions, at);
  return [];
}

function validateObject(
  value: object,
  schema: Schema,
  definitions: Record<string, Schema>,
  at: string,
): string[] {
  const complaints = (schema.required ?? [])
    .filter((name) => !(name in value))
    .map((name) => `${at}.${name}: is missing`);
  for (const [name, item] of Object.entries(value)) {
    const property = schema.properties?.[name] ?? schema.additional;
    if (property === undefined) {
      if (schema.properties !== undefined) complaints.push(`${at}.${name}: is not in the API`);
    } else if (property !== true) {
      complaints.push(...validate(item, property, definitions, `${at}.${name}`));
    }
  }
  return complaints;
}

function hasType(value: unknown, { type }: Schema): boolean {
  if (type === undefined) return true;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && !Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

/** All properties of all parts: the API's definition uses `allOf` for embedding only. */
function merge(parts: readonly Schema[], definitions: Record<string, Schema>): Schema {
  const merged: Schema = { type: "object", properties: {}, required: [] };
  for (const part of parts) {
    let resolved = part.$ref === undefined ? part : (definitions[part.$ref] ?? {});
    if (resolved.allOf !== undefined) resolved = merge(resolved.allOf, definitions);
    // A word or a number with a description of its own.
    if (resolved.type !== undefined && resolved.type !== "object") return resolved;
    Object.assign(merged.properties ?? {}, resolved.properties);
    merged.required?.push(...(resolved.required ?? []));
    if (resolved.additional !== undefined) merged.additional = resolved.additional;
  }
  return merged;
}
