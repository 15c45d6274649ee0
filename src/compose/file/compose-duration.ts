import { parseDuration } from "../../spec/index.ts";

const DAY = 24n * 3600_000_000_000n;
const LONG_UNITS = /(\d+)\s*([wd])/g;

/** Nanoseconds of a duration with Go's units and `d` and `w`: `1w2d3h30m`. Throws EngineError. */
export function composeDuration(text: string): bigint {
  let long = 0n;
  const rest = text.replace(LONG_UNITS, (_, count: string, unit: string) => {
    long += BigInt(count) * (unit === "w" ? 7n * DAY : DAY);
    return "";
  });
  return long + (rest.trim() === "" && long > 0n ? 0n : parseDuration(rest.trim()));
}

/** As Go prints a duration: `1m30s`, `1.5s`, `300ms`, `0s`. */
export function durationText(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return "0s";
  if (nanoseconds < 0n) return `-${durationText(-nanoseconds)}`;
  const number = Number(nanoseconds);
  if (number < 1e3) return `${number}ns`;
  if (number < 1e6) return `${number / 1e3}µs`;
  if (number < 1e9) return `${number / 1e6}ms`;
  const seconds = nanoseconds / 1_000_000_000n;
  const fraction = (nanoseconds % 1_000_000_000n).toString().padStart(9, "0").replace(/0+$/, "");
  const [hours, minutes] = [seconds / 3600n, (seconds / 60n) % 60n];
  const last = `${seconds % 60n}${fraction === "" ? "" : `.${fraction}`}s`;
  if (hours > 0n) return `${hours}h${minutes}m${last}`;
  return minutes > 0n ? `${minutes}m${last}` : last;
}
