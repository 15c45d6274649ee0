import { quoteGo } from "../quote-go.ts";

/** Where an object carries the name of the Go type that it stands for, for error messages. */
export const goType: unique symbol = Symbol("Go type");

/** A fractional constant or result; whole JavaScript numbers print as Go integers. */
export type GoMap = ReadonlyMap<string, unknown>;

export const isNil = (value: unknown): value is null | undefined =>
  value === null || value === undefined;

export const isNumeric = (value: unknown): value is number | bigint =>
  typeof value === "number" || typeof value === "bigint";

export const isStruct = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map);

/** The name of a value's type, as errors and `%T` show it. */
export function typeName(value: unknown): string {
  if (isNil(value)) return "<nil>";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (isNumeric(value)) return Number.isInteger(Number(value)) ? "int" : "float64";
  if (Array.isArray(value))
    return value.every((each) => typeof each === "string") ? "[]string" : "[]interface {}";
  if (value instanceof Map) {
    const isText = [...value.values()].every((each) => typeof each === "string");
    return isText ? "map[string]string" : "map[string]interface {}";
  }
  const named = (value as { [goType]?: unknown })[goType];
  return typeof named === "string" ? named : "struct";
}

/** Whether `if` takes the value for true: nothing empty or zero is. */
export function isTrue(value: unknown): boolean {
  if (isNil(value)) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  if (typeof value === "string") return value !== "";
  if (isNumeric(value)) return Number(value) !== 0;
  return typeof value !== "boolean" || value;
}

/** The fields of a struct: own ones, without methods. */
function structFields(value: Record<string, unknown>): [string, unknown][] {
  return Object.entries(value).filter(([, field]) => typeof field !== "function");
}

export interface PrintOptions {
  /** `%+v`: structs with the names of their fields. */
  names?: boolean;
  /** How strings print: `%q` quotes them. */
  string?: (text: string) => string;
}

/** The value as Go's `%v` prints it: `[a b]`, `map[k:v]`, `{1 2}`, `<nil>`. */
export function printValue(value: unknown, options: PrintOptions = {}): string {
  if (isNil(value)) return "<nil>";
  if (typeof value === "string") return options.string?.(value) ?? value;
  if (typeof value === "number") return printNumber(value);
  if (Array.isArray(value)) return `[${value.map((each) => printValue(each, options)).join(" ")}]`;
  if (value instanceof Map) return printMap(value, options);
  if (isStruct(value)) return printStruct(value, options);
  return String(value);
}

function printMap(map: GoMap, options: PrintOptions): string {
  const keys = sortedKeys(map);
  const entries = keys.map((key) => {
    const shown = options.string?.(key) ?? key;
    return `${shown}:${printValue(map.get(key), options)}`;
  });
  return `map[${entries.join(" ")}]`;
}

function printStruct(value: Record<string, unknown>, options: PrintOptions): string {
  const fields = structFields(value).map(([name, field]) => {
    const printed = printValue(field, options);
    return options.names === true ? `${name}:${printed}` : printed;
  });
  return `{${fields.join(" ")}}`;
}

/** Keys in the order in which Go's templates and fmt visit a map: by bytes. */
export function sortedKeys(map: GoMap): string[] {
  return [...map.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** A number as `%v` prints it: integers plainly, others with the shortest digits (`%g`). */
export function printNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return BigInt(value).toString();
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -4 && exponent < 21) return String(value);
  return value.toExponential().replace(/e([-+])(\d)$/, "e$10$2");
}

/** The value as Go's encoding/json writes it, without HTML escapes; `toJSON` of an object gives its text. */
export function toJson(value: unknown): string {
  if (value instanceof Map) {
    const entries = sortedKeys(value).map((key) => `${jsonString(key)}:${toJson(value.get(key))}`);
    return `{${entries.join(",")}}`;
  }
  if (isNil(value)) return "null";
  if (typeof value === "string") return jsonString(value);
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (isStruct(value)) {
    const custom = value["toJSON"];
    if (typeof custom === "function") return String(custom.call(value));
    const fields = structFields(value).map(
      ([name, field]) => `${jsonString(name)}:${toJson(field)}`,
    );
    return `{${fields.join(",")}}`;
  }
  return String(value);
}

const jsonString = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u2028\u2029]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16)}`,
  );

export const quoteValue = (value: unknown): string => printValue(value, { string: quoteGo });
