import type { Schema } from "./schema.ts";

/** A schema of the OpenAPI document. */
export interface DocumentSchema {
  $ref?: string;
  allOf?: DocumentSchema[];
  type?: string;
  enum?: string[];
  items?: DocumentSchema;
  properties?: Record<string, DocumentSchema>;
  additionalProperties?: DocumentSchema;
}

export interface Sides {
  expected: { schema: Schema; definitions: Readonly<Record<string, Schema>> };
  own: { schema: DocumentSchema; schemas: Readonly<Record<string, DocumentSchema>> };
}

/**
 * Keys that one side has and the other has not, and those of another type, each as the name of the schema
 * (or of the operation, before the first that has a name) with the way from there.
 */
export function compare({ expected, own }: Sides, where: string): string[] {
  const found = new Set<string>();
  const seen = new Set<string>();

  const walk = (left: Schema, right: DocumentSchema, at: string): void => {
    const name = left.$ref ?? left.allOf?.[0]?.$ref;
    const here = left.$ref ?? at;
    if (left.$ref !== undefined) {
      if (seen.has(left.$ref)) return;
      seen.add(left.$ref);
    }
    const wanted = flatten(left, expected.definitions);
    const given = resolve(right, own.schemas);
    // A schema without a type takes anything: nothing below it is described.
    if (given.type === undefined && given.properties === undefined) return;
    if (wanted.type === undefined && wanted.properties === undefined) return;
    if (name !== "" && wanted.type !== undefined && given.type !== wanted.type) {
      found.add(`${here}: ${given.type} instead of ${wanted.type}`);
      return;
    }
    const known = wanted.enum?.map(String);
    for (const word of given.enum ?? []) {
      if (known !== undefined && !known.includes(word)) found.add(`${here}: "${word}"`);
    }
    if (wanted.items !== undefined && given.items !== undefined) {
      walk(wanted.items, given.items, `${here}[]`);
    }
    if (typeof wanted.additional === "object" && given.additionalProperties !== undefined) {
      walk(wanted.additional, given.additionalProperties, `${here}{}`);
    }
    if (wanted.properties === undefined || given.properties === undefined) return;
    for (const [key, schema] of Object.entries(wanted.properties)) {
      const other = given.properties[key];
      if (other === undefined) found.add(`${here}.${key}`);
      else walk(schema, other, `${here}.${key}`);
    }
    for (const key of Object.keys(given.properties)) {
      if (!(key in wanted.properties)) found.add(`${here}.${key}`);
    }
  };

  walk(expected.schema, own.schema, where);
  return [...found];
}

function resolve(schema: DocumentSchema, schemas: Sides["own"]["schemas"]): DocumentSchema {
  const pointer = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (pointer === undefined) return schema;
  return schemas[pointer.replace(/^.*\//, "")] ?? schema;
}

/** All properties of all parts: the definition uses `allOf` for embedding only. */
function flatten(schema: Schema, definitions: Sides["expected"]["definitions"]): Schema {
  if (schema.$ref !== undefined) return flatten(definitions[schema.$ref] ?? {}, definitions);
  if (schema.allOf === undefined) return schema;
  const parts = schema.allOf.map((part) => flatten(part, definitions));
  return {
    type: parts[0]?.type ?? "object",
    properties: Object.assign(
      {},
      ...parts.map((part) => part.properties ?? {}),
      schema.properties ?? {},
    ),
  };
}
