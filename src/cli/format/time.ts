import { humanDuration } from "./duration.ts";

const pad = (value: number): string => String(value).padStart(2, "0");

/** A point of time as Go prints it: `2026-11-25 03:34:40 +0000 UTC`, in the local zone. */
export function goTime(date: Date, fraction = ""): string {
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}${fraction}`;
  return `${day} ${time} ${offset(date)} ${zoneName(date)}`;
}

/** Go's text of an RFC 3339 instant in UTC, its fraction kept to the nanosecond. */
export function goTimeUtc(timestamp: string): string {
  const [, day, time, fraction = ""] =
    /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?/.exec(timestamp) ?? [];
  if (day === undefined || time === undefined) return timestamp;
  return `${day} ${time}${fraction.replace(/\.?0+$/, "")} +0000 UTC`;
}

/** RFC 3339 to the second, in the local zone: `2026-11-25T03:34:39Z`. */
export function rfc3339(date: Date): string {
  const text = goTime(date);
  const zone = offset(date);
  const suffix = zone === "+0000" ? "Z" : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  return `${text.slice(0, 10)}T${text.slice(11, 19)}${suffix}`;
}

function offset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const absolute = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${pad(Math.floor(absolute / 60))}${pad(absolute % 60)}`;
}

function zoneName(date: Date): string {
  if (date.getTimezoneOffset() === 0) return "UTC";
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(date);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** `3 minutes ago`, from seconds since the epoch. */
export function ago(seconds: number): string {
  return `${humanDuration(Date.now() / 1000 - seconds)} ago`;
}
