import { DURATION_UNITS } from "../../spec/timestamp.ts";
import { quoteGo } from "./quote-go.ts";

/** Nanoseconds from Go's notation (time.ParseDuration): `1h30m`, `-1.5s`, `0`. */
export function parseDuration(text: string): number {
  const invalid = (what: string): Error => new Error(`time: ${what} ${quoteGo(text)}`);
  const negative = text.startsWith("-");
  let rest = text.replace(/^[-+]/, "");
  if (rest === "0") return 0;
  if (rest === "") throw invalid("invalid duration");
  let total = 0;
  while (rest !== "") {
    const [all, number, unit] = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest) ?? [];
    if (all === undefined || number === undefined) throw invalid("invalid duration");
    if (unit === undefined || unit === "") throw invalid("missing unit in duration");
    const scale = DURATION_UNITS[unit];
    if (scale === undefined) {
      throw new Error(`time: unknown unit ${quoteGo(unit)} in duration ${quoteGo(text)}`);
    }
    total += Number(number) * scale;
    rest = rest.slice(all.length);
  }
  if (total > 2 ** 63) throw invalid("invalid duration");
  return Math.round(negative ? -total : total);
}

/** Go's notation of nanoseconds (time.Duration's String): `1h30m0s`, `1.5ms`. */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return "0s";
  const sign = nanoseconds < 0 ? "-" : "";
  const value = Math.abs(nanoseconds);
  if (value < 1e3) return `${sign}${value}ns`;
  if (value < 1e6) return `${sign}${value / 1e3}µs`;
  if (value < 1e9) return `${sign}${value / 1e6}ms`;
  const hours = Math.floor(value / 3600e9);
  const minutes = Math.floor(value / 60e9) % 60;
  const seconds = Number(((value % 60e9) / 1e9).toFixed(9));
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}

/**
 * Rough words for a span (go-units' HumanDuration): `Less than a second`, `About a minute`, `3 weeks`.
 *
 * @param seconds a length of time; fractions are dropped.
 */
export function humanDuration(seconds: number): string {
  const whole = Math.trunc(seconds);
  if (whole < 1) return "Less than a second";
  if (whole === 1) return "1 second";
  if (whole < 60) return `${whole} seconds`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(seconds / 3600 / 24 / 365)} years`;
}
