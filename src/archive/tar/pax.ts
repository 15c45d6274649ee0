import type { Timestamp } from "../../linux/file.ts";
import { archiveError } from "./entry.ts";

/** One record of a PAX extended header: `"<length> <key>=<value>\n"` (pax(1), Extended Header). */
export type PaxRecord = [key: string, value: Buffer];

export const XATTR_PREFIX = "SCHILY.xattr.";

export function decodePax(bytes: Buffer): PaxRecord[] {
  const records: PaxRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : decimal(bytes.toString("latin1", at, space));
    const end = at + length;
    const equals = bytes.indexOf(0x3d, space + 1);
    const wellFormed = end <= bytes.length && equals > space && equals < end;
    if (!wellFormed || bytes[end - 1] !== 0x0a) throw archiveError("a PAX record is malformed");
    records.push([bytes.toString("utf8", space + 1, equals), bytes.subarray(equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

export function decimal(text: string): number {
  if (!/^-?\d{1,16}$/.test(text)) throw archiveError(`"${text.slice(0, 20)}" is not a number`);
  return Number(text);
}

/** `1350244992.023960108`, negative too. */
export function paxTime(text: string): Timestamp {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text);
  if (match === null) throw archiveError(`"${text.slice(0, 40)}" is not a time`);
  const [, sign, whole = "0", fraction = ""] = match;
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, "0"));
  if (sign !== "-") return { seconds: Number(whole), nanoseconds };
  if (nanoseconds === 0) return { seconds: 0 - Number(whole), nanoseconds: 0 };
  return { seconds: -Number(whole) - 1, nanoseconds: 1e9 - nanoseconds };
}

export function formatPaxTime({ seconds, nanoseconds }: Timestamp): string {
  if (nanoseconds === 0) return String(seconds);
  if (seconds >= 0) return `${seconds}.${fraction(nanoseconds)}`;
  const whole = -seconds - 1;
  return `-${whole}.${fraction(1e9 - nanoseconds)}`;
}

const fraction = (nanoseconds: number): string =>
  String(nanoseconds).padStart(9, "0").replace(/0+$/, "");

export function encodePax(records: readonly PaxRecord[]): Buffer {
  return Buffer.concat(
    records.map(([key, value]) => {
      const body = Buffer.byteLength(key) + value.length + 3; // space, "=", newline
      let length = body + String(body).length;
      // The length counts its own digits, which may have become one more.
      if (body + String(length).length !== length) length = body + String(length).length;
      return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from("\n")]);
    }),
  );
}
