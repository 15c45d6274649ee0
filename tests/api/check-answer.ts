import { readFileSync } from "node:fs";
import { join } from "node:path";
import apiSchema from "./engine-api.data.json";
import { type ApiSchema, validate } from "./schema.ts";

const schema = apiSchema as unknown as ApiSchema;
/** From here on answers have the definition's shape, beside what 1.52 and 1.53 took away. */
const CHECKED_FROM = 50;
/** What Docker's daemons send too, whatever the definition says. */
const AS_DOCKER_DOES =
  /^(?:ContainerConfig\.OnBuild|Resources\.MemorySwappiness|HostConfig\.MemorySwappiness|GET \/exec\/\{id\}\/json\.ExitCode): null/;

/** Keys that docs/compatibility.md names, each with its reason. */
export function documentedKeys(): string[] {
  const page = readFileSync(join(import.meta.dir, "../../docs/compatibility.md"), "utf8");
  const section = page.split("### Keys\n")[1]?.split("\n#")[0] ?? "";
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, key]) => key ?? "");
}

const documented = new Set(documentedKeys());
const patterns = Object.keys(schema.operations).map((key) => {
  const [method = "", path = ""] = key.split(" ");
  const escaped = path.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{[^}]*\}/g, "(.+)");
  return { key, method, pattern: new RegExp(`^${escaped}$`), fixed: !path.includes("{") };
});

export interface Answer {
  method: string;
  /** With version and query. */
  path: string;
  status: number;
  /** JSON, or lines of it. */
  body: string;
}

/** What is wrong with an answer of the daemon, by the API's definition; of Berth's own calls nothing. */
export function checkAnswer({ method, path, status, body }: Answer): string[] {
  const [, version = "51", bare = ""] = /^(?:\/v1\.(\d+)(?=\/))?([^?]*)/.exec(path) ?? [];
  if (Number(version) < CHECKED_FROM || bare.startsWith("/berth/")) return [];
  const fitting = patterns.filter((it) => it.method === method && it.pattern.test(bare));
  const operation = (fitting.find(({ fixed }) => fixed) ?? fitting[0])?.key;
  if (operation === undefined) return [];
  const responses = schema.operations[operation]?.responses ?? {};
  // Refusals have one shape, whether the definition has this one's status or not.
  const expected = status < 400 ? responses[String(status)] : { $ref: "ErrorResponse" };
  if (expected === undefined) return [`${operation}: the API knows no ${status}`];
  if (expected === null || expected.type === "string" || body.trim() === "") return [];
  return body
    .trim()
    .split(/\r?\n/)
    .flatMap((line) => validate(JSON.parse(line), expected, schema.definitions, operation))
    .filter((complaint) => !AS_DOCKER_DOES.test(complaint) && !isDocumented(operation, complaint));
}

function isDocumented(operation: string, complaint: string): boolean {
  const key = /^(.+): is not in the API$/.exec(complaint)?.[1];
  if (key === undefined) return false;
  if (key === "SystemInfo.KernelMemoryTCP") return true;
  return documented.has(key) || documented.has(key.replace(operation, `${operation} 200`));
}
