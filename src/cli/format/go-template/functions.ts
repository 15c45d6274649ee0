import { isNil, isNumeric, isTrue, printValue, toJson, typeName } from "./go-value.ts";
import { sprintf } from "./printf.ts";

export type ParameterType = "string" | "int" | "any" | "slice";

/** A function that templates can call. `call` throws an Error whose message follows `error calling NAME: `. */
export interface TemplateFunction {
  readonly parameters: readonly ParameterType[];
  /** Type of all further arguments; absent where there are none. */
  readonly variadic?: ParameterType;
  call(...args: never[]): unknown;
}

export type TemplateFunctions = ReadonlyMap<string, TemplateFunction>;

const compareTypes = (a: unknown, b: unknown): void => {
  for (const each of [a, b]) {
    if (isNil(each) || typeof each === "object") throw new Error("invalid type for comparison");
  }
  const kind = (value: unknown) => (isNumeric(value) ? "number" : typeof value);
  if (kind(a) !== kind(b)) throw new Error("incompatible types for comparison");
};

function equal(first: unknown, ...rest: unknown[]): boolean {
  if (rest.length === 0) throw new Error("missing argument for comparison");
  return rest.some((each) => {
    if (isNil(first) || isNil(each)) return isNil(first) && isNil(each);
    compareTypes(first, each);
    return isNumeric(first) ? Number(first) === Number(each) : first === each;
  });
}

function less(a: unknown, b: unknown): boolean {
  compareTypes(a, b);
  if (typeof a === "boolean") throw new Error("invalid type for comparison");
  return (a as string) < (b as string);
}

function length(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  if (isNil(value)) throw new Error("len of nil pointer");
  throw new Error(`len of type ${typeName(value)}`);
}

function indexOf(container: unknown, key: unknown): unknown {
  if (isNil(container)) throw new Error("index of untyped nil");
  if (container instanceof Map) {
    if (typeof key !== "string") throw new Error(wrongType("string", key));
    return container.get(key) ?? "";
  }
  if (typeof container !== "string" && !Array.isArray(container)) {
    throw new Error(`can't index item of type ${typeName(container)}`);
  }
  if (!isNumeric(key)) throw new Error(`cannot index slice/array with type ${typeName(key)}`);
  const items = typeof container === "string" ? Buffer.from(container) : container;
  const at = Number(key);
  if (at < 0 || at >= items.length) {
    const kind = typeof container === "string" ? "string" : "slice";
    throw new Error(`reflect: ${kind} index out of range`);
  }
  return items[at];
}

function slice(value: unknown, ...bounds: unknown[]): unknown {
  if (typeof value !== "string" && !Array.isArray(value)) {
    throw new Error(`can't slice item of type ${typeName(value)}`);
  }
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`);
  const size = length(value);
  const [from = 0, to = size] = bounds.map(Number);
  for (const at of [from, to]) {
    if (at < 0 || at > size) throw new Error(`index out of range: ${at}`);
  }
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  return typeof value === "string"
    ? Buffer.from(value).subarray(from, to).toString()
    : value.slice(from, to);
}

/** fmt.Sprint: a space between operands that are both no strings. */
function print(...values: unknown[]): string {
  return values.reduce<string>((text, value, index) => {
    const between = index > 0 && typeof value !== "string" && typeof values[index - 1] !== "string";
    return text + (between ? " " : "") + printValue(value);
  }, "");
}

const println = (...values: unknown[]): string =>
  `${values.map((each) => printValue(each)).join(" ")}\n`;

const HTML: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
  "\0": "\uFFFD",
};
const escapeHtml = (...values: unknown[]): string =>
  print(...values).replace(/[&<>"'\0]/g, (each) => HTML[each] ?? each);

const escapeJs = (...values: unknown[]): string =>
  print(...values).replace(/[\\'"<>&=\n\r\t]/g, (each) =>
    /[\\'"]/.test(each)
      ? `\\${each}`
      : `\\u${each.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
  );

const escapeQuery = (...values: unknown[]): string =>
  encodeURIComponent(print(...values))
    .replace(/%20/g, "+")
    .replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);

/** Go's strings.Title: the first letter of every word in upper case. */
const title = (text: string): string =>
  text.replace(
    /(^|[^\p{L}\p{Nd}_'])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );

const join = (parts: readonly unknown[], separator: string): string =>
  parts.map((each) => printValue(each)).join(separator);

const split = (text: string, separator: string): string[] =>
  separator === "" ? [...text] : text.split(separator);

const padText = (text: string, before: number, after: number): string =>
  text === "" ? text : " ".repeat(Math.max(before, 0)) + text + " ".repeat(Math.max(after, 0));

const truncate = (text: string, size: number): string =>
  text.length < size ? text : Buffer.from(text).subarray(0, Math.max(size, 0)).toString();

const define = (
  parameters: readonly ParameterType[],
  call: (...args: never[]) => unknown,
  variadic?: ParameterType,
): TemplateFunction => ({ parameters, call, ...(variadic === undefined ? {} : { variadic }) });

/** `and` and `or` are in the evaluator, which stops at the first argument that decides. */
export const STANDARD_FUNCTIONS: TemplateFunctions = new Map<string, TemplateFunction>([
  ["and", define(["any"], (value: unknown) => value, "any")],
  ["or", define(["any"], (value: unknown) => value, "any")],
  ["not", define(["any"], (value: unknown) => !isTrue(value))],
  ["len", define(["any"], length)],
  [
    "index",
    define(["any"], (value: unknown, ...keys: unknown[]) => keys.reduce(indexOf, value), "any"),
  ],
  ["slice", define(["any"], slice, "any")],
  ["print", define([], print, "any")],
  [
    "printf",
    define(["string"], (format: string, ...args: unknown[]) => sprintf(format, args), "any"),
  ],
  ["println", define([], println, "any")],
  ["html", define([], escapeHtml, "any")],
  ["js", define([], escapeJs, "any")],
  ["urlquery", define([], escapeQuery, "any")],
  [
    "call",
    define(
      ["any"],
      (value: unknown) => {
        throw new Error(`non-function ${typeName(value)} of type ${typeName(value)}`);
      },
      "any",
    ),
  ],
  ["eq", define(["any"], equal, "any")],
  ["ne", define(["any", "any"], (a: unknown, b: unknown) => !equal(a, b))],
  ["lt", define(["any", "any"], less)],
  ["le", define(["any", "any"], (a: unknown, b: unknown) => !less(b, a))],
  ["gt", define(["any", "any"], (a: unknown, b: unknown) => less(b, a))],
  ["ge", define(["any", "any"], (a: unknown, b: unknown) => !less(a, b))],
  ["json", define(["any"], toJson)],
  ["split", define(["string", "string"], split)],
  ["join", define(["slice", "string"], join)],
  ["title", define(["string"], title)],
  ["lower", define(["string"], (text: string) => text.toLowerCase())],
  ["upper", define(["string"], (text: string) => text.toUpperCase())],
  ["pad", define(["string", "int", "int"], padText)],
  ["truncate", define(["string", "int"], truncate)],
]);

/** In a table's headings these leave the text as it is. */
export const HEADING_FUNCTIONS: TemplateFunctions = new Map<string, TemplateFunction>([
  ...STANDARD_FUNCTIONS,
  ...["json", "title", "lower", "upper"].map((name): [string, TemplateFunction] => [
    name,
    define(["any"], (value: unknown) => value),
  ]),
  ["truncate", define(["any", "int"], (value: unknown) => value)],
  ["join", define(["any", "string"], (value: unknown) => value)],
]);

/** Go's complaint about an argument of another type. */
export function wrongType(expected: string, value: unknown): string {
  return `wrong type for value; expected ${expected}; got ${typeName(value)}`;
}
