import { parseByteSize } from "../../spec/byte-size.ts";
import { parseDuration } from "../format/duration.ts";
import { quoteGo } from "../format/quote-go.ts";
import type { Flag } from "./flag.ts";

interface FlagOptions<T> {
  short?: string;
  otherNames?: readonly string[];
  hidden?: boolean;
  initial?: T;
  /** The default that help shows although the value is a zero one: `map[]`. */
  shown?: string;
}

function makeFlag<T>(
  type: string,
  usage: string,
  options: FlagOptions<T>,
  initial: T,
  parse: (text: string, current: T) => T,
): Flag<T> {
  return {
    type,
    usage,
    initial: options.initial ?? initial,
    parse,
    ...(options.short === undefined ? {} : { short: options.short }),
    ...(options.otherNames === undefined ? {} : { otherNames: options.otherNames }),
    ...(options.hidden === undefined ? {} : { hidden: options.hidden }),
    ...shownDefault(options),
  };
}

function shownDefault<T>({ shown, initial }: FlagOptions<T>): { defaultText?: string } {
  if (shown !== undefined) return { defaultText: shown };
  if (initial === undefined || initial === false) return {};
  return { defaultText: typeof initial === "string" ? quoteGo(initial) : String(initial) };
}

const syntaxError = (callee: string, text: string): Error =>
  new Error(`strconv.${callee}: parsing ${quoteGo(text)}: invalid syntax`);
const rangeError = (callee: string, text: string): Error =>
  new Error(`strconv.${callee}: parsing ${quoteGo(text)}: value out of range`);

/** Go's words for the truth (strconv.ParseBool). */
export function parseBool(text: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw syntaxError("ParseBool", text);
}

/** An integer with Go's prefixes (strconv.ParseInt with base 0). */
export function parseInteger(text: string, min: bigint, max: bigint, callee: string): number {
  const digits =
    /^[-+]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO]?(?:_?[0-7])+|0[bB](?:_?[01])+|[1-9](?:_?[0-9])*|0)$/;
  if (!digits.test(text) || (min === 0n && /^[-+]/.test(text))) throw syntaxError(callee, text);
  const negative = text.startsWith("-");
  const magnitude = BigInt(text.replace(/^[-+]|_/g, "").replace(/^0(?=[0-7])/, "0o"));
  const value = negative ? -magnitude : magnitude;
  if (value < min || value > max) throw rangeError(callee, text);
  return Number(value);
}

const INT64_MAX = 2n ** 63n - 1n;

export function bool(usage: string, options: FlagOptions<boolean> = {}): Flag<boolean> {
  return {
    ...makeFlag("", usage, options, false, (text) => parseBool(text)),
    impliedText: "true",
  };
}

export function string(usage: string, options: FlagOptions<string> = {}): Flag<string> {
  return makeFlag("string", usage, options, "", (text) => text);
}

export function int(usage: string, options: FlagOptions<number> = {}): Flag<number> {
  return makeFlag("int", usage, options, 0, (text) =>
    parseInteger(text, -INT64_MAX - 1n, INT64_MAX, "ParseInt"),
  );
}

export function uint(usage: string, options: FlagOptions<number> = {}): Flag<number> {
  return makeFlag("uint", usage, options, 0, (text) =>
    parseInteger(text, 0n, 2n ** 64n - 1n, "ParseUint"),
  );
}

export function uint16(usage: string, options: FlagOptions<number> = {}): Flag<number> {
  return makeFlag("uint16", usage, options, 0, (text) =>
    parseInteger(text, 0n, 65535n, "ParseUint"),
  );
}

/** Nanoseconds, from Go's notation: `1m30s`. */
export function duration(usage: string, options: FlagOptions<number> = {}): Flag<number> {
  return makeFlag("duration", usage, options, 0, (text) => parseDuration(text));
}

/** Bytes, from `512m`; `unlimited` lets -1 through, as for swap. */
export function bytes(
  usage: string,
  options: FlagOptions<number> & { unlimited?: boolean } = {},
): Flag<number> {
  return makeFlag("bytes", usage, options, 0, (text) =>
    options.unlimited === true && text === "-1" ? -1 : parseByteSize(text),
  );
}

/** Billionths of a CPU, from `1.5`. */
export function decimal(usage: string, options: FlagOptions<number> = {}): Flag<number> {
  return makeFlag("decimal", usage, options, 0, (text) => parseNanoCpus(text));
}

/** A rational number in billionths: `1.5`, `1e-1`, `3/2`. */
function parseNanoCpus(text: string): number {
  const match = /^([-+]?)(?:(\d+)\/(\d+)|(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d{1,3}))?)$/.exec(text);
  const [, sign, dividend, divisor, whole = "", fraction = "", exponent = "0"] = match ?? [];
  if (match === null || (dividend ?? whole + fraction) === "" || Number(divisor) === 0) {
    throw new Error(`failed to parse ${text} as a rational number`);
  }
  const power = Number(exponent) - fraction.length + 9;
  const numerator = BigInt(dividend ?? whole + fraction) * 10n ** BigInt(Math.max(power, 0));
  const denominator = BigInt(divisor ?? 1) * 10n ** BigInt(Math.max(-power, 0));
  const nano = dividend === undefined ? numerator : BigInt(dividend) * 10n ** 9n;
  if (nano % denominator !== 0n) throw new Error("value is too precise");
  return Number(nano / denominator) * (sign === "-" ? -1 : 1);
}

/** Every occurrence adds one value; `validate` may rewrite it. */
export function list(
  usage: string,
  options: FlagOptions<readonly string[]> & { validate?: (text: string) => string } = {},
): Flag<readonly string[]> {
  const validate = options.validate ?? ((text: string) => text);
  return makeFlag("list", usage, options, [], (text, current) => [...current, validate(text)]);
}

/** Values separated by commas; every occurrence adds. */
export function strings(
  usage: string,
  options: FlagOptions<readonly string[]> = {},
): Flag<readonly string[]> {
  return makeFlag("strings", usage, options, [], (text, current) => [
    ...current,
    ...(text === "" ? [] : text.split(",")),
  ]);
}

/** `key=value`; `validate` may refuse it. */
export function map(
  usage: string,
  options: FlagOptions<Readonly<Record<string, string>>> & {
    validate?: (text: string) => string;
  } = {},
): Flag<Readonly<Record<string, string>>> {
  const validate = options.validate ?? ((text: string) => text);
  return makeFlag("map", usage, options, {}, (text, current) => {
    const [key, value] = splitPair(validate(text));
    return { ...current, [key]: value };
  });
}

/** `key=value` as the API's filters take it; names are lower-cased and trimmed. */
export function filter(
  usage: string,
  options: FlagOptions<readonly string[]> = {},
): Flag<readonly string[]> {
  return makeFlag("filter", usage, options, [], (text, current) => {
    if (text === "") return current;
    if (!text.includes("=")) {
      throw new Error("bad format of filter (expected name=value)");
    }
    const [key, value] = splitPair(text);
    return [...current, `${key.toLowerCase().trim()}=${value.trim()}`];
  });
}

/** A value with a grammar of its own. */
export function custom<T>(
  type: string,
  usage: string,
  initial: T,
  parse: (text: string, current: T) => T,
  options: FlagOptions<T> = {},
): Flag<T> {
  return makeFlag(type, usage, options, initial, parse);
}

/** Text before and after the first `=`; the latter is empty without one. */
export function splitPair(text: string): [key: string, value: string] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** `key=value` → one of the API's filter sets: name → values. */
export function toFilters(pairs: readonly string[]): Record<string, string[]> {
  const filters: Record<string, string[]> = {};
  for (const pair of pairs) {
    const [key, value] = splitPair(pair);
    filters[key] = [...new Set([...(filters[key] ?? []), value])];
  }
  return filters;
}
