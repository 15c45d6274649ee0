/**
 * The OpenAPI document that the daemon serves against the Engine API's own definition, key by key. What is
 * otherwise stands in docs/compatibility.md with its reason, and nothing stands there that is not so.
 */
import { expect, test } from "bun:test";
import { engineRoutes } from "../../src/server/index.ts";
import { OPERATIONS, openApiDocument } from "../../src/server/openapi/document.ts";
import { fakeBackends } from "../../src/server/testing/fake-backends.ts";
import { documentedKeys } from "./check-answer.ts";
import { compare, type DocumentSchema } from "./compare.ts";
import apiSchema from "./engine-api.data.json";
import type { ApiSchema, Schema } from "./schema.ts";

const reference = apiSchema as unknown as ApiSchema;
const routes = engineRoutes(fakeBackends());
const document = openApiDocument(routes) as unknown as {
  paths: Record<string, Record<string, DocumentOperation>>;
  components: { schemas: Record<string, DocumentSchema> };
};

interface DocumentOperation {
  parameters?: { name: string; in: string; "x-berth"?: true }[];
  requestBody?: { content: Record<string, { schema: DocumentSchema }> };
  responses: Record<string, { content?: Record<string, { schema: DocumentSchema }> }>;
}

const anonymous = (path: string): string => path.replace(/\{[^}]*\}/g, "{}");

function differences(): string[] {
  const found = new Set<string>();
  for (const [key, expected] of Object.entries(reference.operations)) {
    const [method = "", path = ""] = key.split(" ");
    const at = Object.entries(document.paths).find(([own]) => anonymous(own) === anonymous(path));
    const operation = at?.[1][method.toLowerCase()];
    if (operation === undefined) {
      found.add(key);
      continue;
    }
    const queries = (operation.parameters ?? []).filter((parameter) => parameter.in === "query");
    const names = new Set(queries.map(({ name }) => name));
    for (const name of expected.query) if (!names.has(name)) found.add(`${key} ?${name}`);
    for (const { name, "x-berth": own } of queries) {
      if (own !== true && !expected.query.includes(name)) found.add(`${key} ?${name}`);
    }
    type Content = { content?: Record<string, { schema: DocumentSchema }> } | undefined;
    const pairs: [Schema | null, Content, string][] = [
      [expected.body, operation.requestBody, `${key} body`],
    ];
    for (const [status, schema] of Object.entries(expected.responses)) {
      if (Number(status) >= 300) continue;
      pairs.push([schema, operation.responses[status], `${key} ${status}`]);
    }
    for (const [schema, own, where] of pairs) {
      const [type, content] = Object.entries(own?.content ?? {})[0] ?? [];
      if (schema === null || type === undefined || !/json/.test(type)) continue;
      if (content === undefined) continue;
      const sides = {
        expected: { schema, definitions: reference.definitions },
        own: { schema: content.schema, schemas: document.components.schemas },
      };
      for (const difference of compare(sides, where)) found.add(difference);
    }
  }
  return [...found].sort();
}

test("every route of Docker's is described, and nothing is described that is no route", () => {
  const own = routes.filter(({ path }) => !path.startsWith("/berth/") && !path.endsWith("/"));
  const keys = own.map(({ method, path }) => `${method} ${path}`);
  expect(Object.keys(OPERATIONS).sort()).toEqual([...new Set(keys)].sort());
});

test("the document has every operation, parameter and key of the definition, and no other", () => {
  expect(differences()).toEqual(documentedKeys().sort());
});
