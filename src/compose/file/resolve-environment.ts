import { readFile } from "node:fs/promises";
import { ComposeFileError } from "./compose-file-error.ts";
import { parseDotenv, parseRawEnv } from "./dotenv.ts";
import type { Environment } from "./environment.ts";
import type { Service } from "./project.ts";

/**
 * The service with its environment whole: the values of its files (if `readFiles`), its own over them, and
 * what it names without a value taken from the project's environment (left null if that has none).
 */
export async function resolveServiceEnvironment(
  name: string,
  service: Service,
  environment: Environment,
  readFiles: boolean,
): Promise<Service> {
  const own = Object.entries(service.environment ?? {}).map(
    ([key, value]): [string, string | null] => [key, value ?? environment.lookup(key) ?? null],
  );
  const files = readFiles ? (service.env_file ?? []) : [];
  if (files.length === 0) {
    return service.environment === undefined
      ? service
      : { ...service, environment: Object.fromEntries(own) };
  }
  const all = new Map<string, string | null>();
  for (const { path, required, format } of files) {
    const text = await readOptional(path, required, name);
    if (text === undefined) continue;
    const parse = parserOf(format, path);
    const lookup = (key: string) => environment.lookup(key) ?? all.get(key) ?? undefined;
    for (const [key, value] of parse(text, path, lookup)) all.set(key, value);
  }
  for (const [key, value] of own) all.set(key, value);
  const { env_file: _, ...rest } = service;
  return { ...rest, environment: Object.fromEntries(all) };
}

function parserOf(format: string | undefined, path: string): typeof parseDotenv {
  if (format === undefined || format === "") return parseDotenv;
  if (format === "raw") return parseRawEnv;
  throw new ComposeFileError(
    `unsupported env_file format "${format}" of ${path}: only "raw" is known`,
  );
}

/** Labels from files, the service's own over them. */
export async function resolveServiceLabels(
  name: string,
  service: Service,
  environment: Environment,
): Promise<Service> {
  const { label_file: files = [], ...rest } = service;
  if (files.length === 0) return service;
  const all = new Map<string, string>();
  for (const path of files) {
    const text = await readOptional(path, true, name);
    for (const [key, value] of parseDotenv(text ?? "", path, environment.lookup))
      all.set(key, value);
  }
  for (const [key, value] of Object.entries(service.labels ?? {})) all.set(key, value);
  return { ...rest, labels: Object.fromEntries(all) };
}

async function readOptional(path: string, required: boolean, service: string) {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!required && code === "ENOENT") return undefined;
    const reason = code === "ENOENT" ? "not found" : `cannot be read (${code})`;
    throw new ComposeFileError(`env file ${path} ${reason}, which service "${service}" needs`);
  }
}
