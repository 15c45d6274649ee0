import type { Filters } from "./api/filters.ts";
import { EngineError, invalidArgument } from "./errors.ts";

/**
 * Decodes the `filters` query parameter in both of its JSON forms, `{"k":["v"]}` and `{"k":{"v":true}}`.
 * @param accepted keys; undefined: any. Others are refused as Docker refuses them (`invalid filter 'k'`).
 */
export function decodeFilters(text: string | null, accepted?: readonly string[]): Filters {
  if (text === null || text === "") return {};
  const filters: Record<string, readonly string[]> = {};
  for (const [key, value] of Object.entries(parseObject(text))) {
    if (accepted !== undefined && !accepted.includes(key)) throw invalidFilter(key);
    filters[key] = filterValues(value);
  }
  return filters;
}

/** The query parameter for `filters`; undefined when there is nothing to filter by. */
export function encodeFilters(filters: Filters | undefined): string | undefined {
  const entries = Object.entries(filters ?? {}).filter(([, values]) => values.length > 0);
  if (entries.length === 0) return undefined;
  const wire = entries.map(([key, values]) => [
    key,
    Object.fromEntries(values.map((value) => [value, true])),
  ]);
  return JSON.stringify(Object.fromEntries(wire));
}

/** A filter that is yes or no (`dangling=true`); throws `invalid filter 'dangling=[maybe]'`. */
export function filterFlag(filters: Filters, key: string, fallback: boolean): boolean {
  const values = filters[key];
  if (values === undefined) return fallback;
  const yes = values.includes("1") || values.includes("true");
  const no = values.includes("0") || values.includes("false");
  if (yes === no) throw invalidFilter(`${key}=[${values.join(" ")}]`);
  return yes;
}

/** Whether labels have every wanted one: `key` or `key=value`. An absent filter accepts everything. */
export function matchesLabels(
  wanted: readonly string[] | undefined,
  labels: Readonly<Record<string, string>> | null | undefined,
): boolean {
  return (wanted ?? []).every((pair) => {
    const equals = pair.indexOf("=");
    const key = equals < 0 ? pair : pair.slice(0, equals);
    const value = labels?.[key];
    return value !== undefined && (equals < 0 || value === pair.slice(equals + 1));
  });
}

export function invalidFilter(what: string): EngineError {
  return invalidArgument(what === "" ? "invalid filter" : `invalid filter '${what}'`);
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    if (value === null) return {};
  } catch (cause) {
    throw new EngineError("invalid-argument", "invalid filter", { cause });
  }
  throw invalidFilter("");
}

function filterValues(value: unknown): string[] {
  if (value === null) return [];
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item === "string")) return [...new Set<string>(value)];
  } else if (typeof value === "object") {
    const flags = Object.values(value as object);
    if (flags.every((flag) => typeof flag === "boolean")) return Object.keys(value as object);
  }
  throw invalidFilter("");
}
