import type { Nanoseconds } from "./api/container-options.ts";
import { invalidArgument } from "./errors.ts";

const SECOND = 1_000_000_000n;
const UNIX = /^(-?\d{1,18})(?:\.(\d{1,20}))?$/;
const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|z|[+-]\d\d:\d\d)?)?$/;

/**
 * An instant as Docker's clients write it: seconds since the epoch with up to nine decimals, RFC 3339 (date
 * alone, without seconds or without a zone allowed: local time), or a Go duration before `now` (`1h30m`).
 * @throws invalid-argument
 */
export function parseTimestamp(text: string, now = Date.now()): Nanoseconds {
  const unix = UNIX.exec(text);
  if (unix?.[1] !== undefined) {
    const nanos = BigInt((unix[2] ?? "").padEnd(9, "0").slice(0, 9));
    return BigInt(unix[1]) * SECOND + nanos;
  }
  const date = parseDate(text);
  if (date !== undefined) return date;
  const duration = tryParseDuration(text);
  if (duration !== undefined) return BigInt(now) * 1_000_000n - duration;
  const seconds = text.split(".", 1)[0] ?? "";
  throw invalidArgument(
    `invalid timestamp ${JSON.stringify(text)}: invalid seconds ${JSON.stringify(seconds)}: invalid syntax`,
  );
}

/** `seconds.nanoseconds`, the form that every Docker daemon understands. */
export function formatTimestamp(instant: Nanoseconds): string {
  const seconds = instant / SECOND;
  return `${seconds}.${(instant % SECOND).toString().padStart(9, "0")}`;
}

/** Nanoseconds of the units of Go's durations. */
export const DURATION_UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** A Go duration (`1h30m`, `-1.5s`, `300ms`) in nanoseconds. @throws invalid-argument */
export function parseDuration(text: string): Nanoseconds {
  const duration = tryParseDuration(text);
  if (duration !== undefined) return duration;
  throw invalidArgument(`time: invalid duration ${JSON.stringify(text)}`);
}

function tryParseDuration(text: string): Nanoseconds | undefined {
  const negative = text.startsWith("-");
  const body = text.replace(/^[+-]/, "");
  if (body === "0") return 0n;
  const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
  let total = 0n;
  let end = 0;
  for (let match = part.exec(body); match !== null; match = part.exec(body)) {
    total += scale(match[1] ?? "0", DURATION_UNITS[match[2] ?? ""] ?? 0);
    end = part.lastIndex;
  }
  if (end === 0 || end !== body.length) return undefined;
  return negative ? -total : total;
}

/** Decimal text times a whole number, without the rounding of floating point in the whole part. */
function scale(decimal: string, unit: number): bigint {
  const [whole = "", fraction = ""] = decimal.split(".");
  return BigInt(whole || "0") * BigInt(unit) + BigInt(Math.round(Number(`0.${fraction}0`) * unit));
}

function parseDate(text: string): Nanoseconds | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", zone] =
    match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}${zone?.toUpperCase() ?? ""}`;
  const millis = Date.parse(iso);
  if (Number.isNaN(millis)) return undefined;
  return BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
