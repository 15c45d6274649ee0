import { MAXIMUM_VERSION } from "../api-version.ts";
import type { Decoder } from "../decode.ts";
import type { JsonSchema } from "../json-schema.ts";
import type { Route } from "../route.ts";
import { errorAnswer } from "../routers/system/answers.ts";
import { containerOperations } from "./container-operations.ts";
import { engineOperations } from "./engine-operations.ts";
import { imageOperations } from "./image-operations.ts";
import type { Operation, Operations } from "./operation.ts";

export const OPERATIONS: Operations = {
  ...containerOperations,
  ...imageOperations,
  ...engineOperations,
};

type Json = Record<string, unknown>;

/**
 * The OpenAPI 3.0 document of the newest version: made of the same tables that requests are decoded with.
 * Routes that no operation describes (Berth's own, below `/berth/`) are left out.
 */
export function openApiDocument(routes: readonly Pick<Route, "method" | "path">[]): Json {
  const schemas = new Map<string, Json>();
  const paths: Record<string, Json> = {};
  for (const { method, path } of routes) {
    const operation = OPERATIONS[`${method} ${path}`];
    if (operation === undefined) continue;
    paths[path] = {
      ...paths[path],
      [method.toLowerCase()]: describe(operation, path, schemas),
    };
  }
  return {
    openapi: "3.0.3",
    info: {
      title: "Docker Engine API, as Berth serves it",
      version: `1.${MAXIMUM_VERSION}`,
    },
    servers: [{ url: `/v1.${MAXIMUM_VERSION}` }],
    paths,
    components: { schemas: Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))) },
  };
}

function describe(operation: Operation, path: string, schemas: Map<string, Json>): Json {
  const schema = (of: Decoder<unknown>): Json => reference(of.schema, schemas);
  const queries = Object.entries({ ...operation.query, ...operation.own });
  const parameters = [
    ...(path.includes("{name}")
      ? [{ name: "name", in: "path", required: true, schema: { type: "string" } }]
      : []),
    ...queries.map(([name, of]) => ({
      name,
      in: "query",
      schema: schema(of),
      ...(operation.own !== undefined && name in operation.own ? { "x-berth": true } : {}),
    })),
  ];
  const { body, status = 200 } = operation;
  return {
    summary: operation.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            content:
              body === "bytes"
                ? { "application/octet-stream": { schema: BINARY } }
                : { "application/json": { schema: schema(body) } },
          },
        }),
    responses: {
      [status]: { description: "success", ...answer(operation, schema) },
      default: {
        description: "an error",
        content: { "application/json": { schema: schema(errorAnswer) } },
      },
    },
  };
}

const BINARY = { type: "string", format: "binary" };

function answer({ answer: given }: Operation, schema: (of: Decoder<unknown>) => Json): Json {
  if (given === undefined) return {};
  if (given === "bytes") return { content: { "application/octet-stream": { schema: BINARY } } };
  if (given === "text") return { content: { "text/plain": { schema: { type: "string" } } } };
  if ("lines" in given)
    return { content: { "application/x-ndjson": { schema: schema(given.lines) } } };
  return { content: { "application/json": { schema: schema(given) } } };
}

/** The schema as it is written down; what has a name goes to `schemas` and is pointed to. */
function reference(schema: JsonSchema, schemas: Map<string, Json>): Json {
  const { $ref: name, target, nullable } = schema;
  if (name === undefined || target === undefined) return written(schema, schemas);
  if (!schemas.has(name)) {
    // Before its parts, which may lead back to it.
    schemas.set(name, {});
    schemas.set(name, written(target, schemas));
  }
  const pointer = { $ref: `#/components/schemas/${name}` };
  // In OpenAPI 3.0 nothing may stand beside a $ref.
  return nullable === true ? { nullable: true, allOf: [pointer] } : pointer;
}

function written(schema: JsonSchema, schemas: Map<string, Json>): Json {
  const { type, nullable, enum: words, items, properties, additionalProperties } = schema;
  const each = (entry: [string, JsonSchema]) => [entry[0], reference(entry[1], schemas)];
  return {
    ...(type === undefined ? {} : { type }),
    ...(nullable === true ? { nullable } : {}),
    ...(words === undefined ? {} : { enum: words }),
    ...(items === undefined ? {} : { items: reference(items, schemas) }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(each)) }),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: reference(additionalProperties, schemas) }),
  };
}
