const SECOND = 1_000_000_000n;

/** Formats instants as RFC 3339 in UTC; keeps the last second, which consecutive records share. */
export class LogTimeFormatter {
  #second = -1n;
  #text = "";

  /** Always nine digits, as Docker's `logs -t` prints: `2026-01-02T03:04:05.000000000Z`. */
  fixed(time: bigint): string {
    return `${this.#date(time)}.${(time % SECOND).toString().padStart(9, "0")}Z`;
  }

  /** Without trailing zeros, as Go marshals a time. */
  short(time: bigint): string {
    const fraction = (time % SECOND).toString().padStart(9, "0").replace(/0+$/, "");
    return fraction === "" ? `${this.#date(time)}Z` : `${this.#date(time)}.${fraction}Z`;
  }

  #date(time: bigint): string {
    const second = time / SECOND;
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(Number(second) * 1000).toISOString().slice(0, 19);
    }
    return this.#text;
  }
}

/** An instant as Docker's records have it: RFC 3339 with nanoseconds, UTC. */
export function formatTime(time: bigint): string {
  return new LogTimeFormatter().fixed(time);
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** Nanoseconds since the epoch of an RFC 3339 time; undefined if it is none. */
export function parseLogTime(text: string): bigint | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, date = "", fraction = "", zone = "Z"] = match;
  const millis = Date.parse(date + zone);
  if (Number.isNaN(millis)) return undefined;
  return BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
