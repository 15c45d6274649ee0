/**
 * Makes `engine-api.data.json` from a Swagger definition of the Engine API: every operation with its
 * parameters, body and answers, and the definitions that they use, without words. `bun tests/api/derive-schema.ts swagger.yaml`
 */
import { join } from "node:path";
import type { ApiSchema, Schema } from "./schema.ts";

type Swagger = Record<string, unknown>;

/** Parts of the API that Berth answers as a daemon without swarm and without plugins: with errors alone. */
const LEFT_OUT = /^\/(?:swarm|nodes|services|tasks|secrets|configs|plugins|session)/;

const child = (node: Swagger | undefined, key: string): Swagger | undefined => {
  const value = node?.[key];
  return typeof value === "object" && value !== null ? (value as Swagger) : undefined;
};

function schemaOf(node: Swagger): Schema {
  const schema: Schema = {};
  if (typeof node["$ref"] === "string") return { $ref: node["$ref"].replace(/^.*\//, "") };
  if (typeof node["type"] === "string") schema.type = node["type"] as NonNullable<Schema["type"]>;
  if (node["x-nullable"] === true || node["x-omitempty"] === true) schema.nullable = true;
  if (Array.isArray(node["enum"])) schema.enum = node["enum"];
  if (Array.isArray(node["required"])) schema.required = node["required"];
  if (Array.isArray(node["allOf"])) schema.allOf = node["allOf"].map(schemaOf);
  const properties = child(node, "properties");
  if (properties !== undefined) {
    schema.properties = Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [name, schemaOf(value as Swagger)]),
    );
  }
  const items = child(node, "items");
  if (items !== undefined) schema.items = schemaOf(items);
  const additional = node["additionalProperties"];
  if (additional === true) schema.additional = true;
  else if (typeof additional === "object" && additional !== null) {
    schema.additional = schemaOf(additional as Swagger);
  }
  return schema;
}

function operationsOf(swagger: Swagger): ApiSchema["operations"] {
  const operations: ApiSchema["operations"] = {};
  for (const [path, methods] of Object.entries(child(swagger, "paths") ?? {})) {
    const known = !LEFT_OUT.test(path);
    for (const [method, operation] of Object.entries(methods as Swagger)) {
      const parameters = (operation as Swagger)["parameters"] as Swagger[] | undefined;
      const body = parameters?.find((parameter) => parameter["in"] === "body");
      const schema = child(body, "schema");
      const statuses = Object.entries(child(operation as Swagger, "responses") ?? {});
      operations[`${method.toUpperCase()} ${path}`] = {
        query: (parameters ?? [])
          .filter((parameter) => parameter["in"] === "query")
          .map((parameter) => String(parameter["name"])),
        body: schema === undefined || !known ? null : schemaOf(schema),
        responses: Object.fromEntries(
          statuses.map(([status, response]) => {
            const schema = child(response as Swagger, "schema");
            const told = schema !== undefined && (known || Number(status) >= 400);
            return [status, told ? schemaOf(schema) : null];
          }),
        ),
      };
    }
  }
  return operations;
}

/** The definitions that the operations reach. */
function reachable(roots: unknown, all: Record<string, Schema>): Record<string, Schema> {
  const used: Record<string, Schema> = {};
  const visit = (node: unknown): void => {
    for (const [, name] of JSON.stringify(node).matchAll(/"\$ref":"([^"]+)"/g)) {
      if (name === undefined || name in used) continue;
      used[name] = all[name] ?? {};
      visit(used[name]);
    }
  };
  visit(roots);
  return Object.fromEntries(Object.entries(used).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const source = process.argv[2];
if (source === undefined) throw new Error("usage: derive-schema.ts SWAGGER.yaml");
const swagger = Bun.YAML.parse(await Bun.file(source).text()) as Swagger;
const all = Object.entries(child(swagger, "definitions") ?? {});
const definitions = Object.fromEntries(
  all.map(([name, node]) => [name, schemaOf(node as Swagger)]),
);
const operations = operationsOf(swagger);
const schema: ApiSchema = {
  version: String(child(swagger, "info")?.["version"]),
  operations,
  definitions: reachable(operations, definitions),
};
await Bun.write(join(import.meta.dir, "engine-api.data.json"), `${JSON.stringify(schema)}\n`);
