/** Where the engine gets the time from; tests give their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Nanoseconds since the epoch, never going back within a process. */
  nanoseconds(): bigint;
  /** Calls back after the delay; the returned function cancels it. Does not keep the process alive. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** Docker's zero time: "has not happened". */
export const NEVER = "0001-01-01T00:00:00Z";

export function systemClock(): Clock {
  let last = 0n;
  return {
    now: () => Date.now(),
    nanoseconds() {
      const microseconds = Math.floor((performance.timeOrigin + performance.now()) * 1000);
      const now = BigInt(microseconds) * 1000n;
      last = now > last ? now : last + 1n;
      return last;
    },
    after(milliseconds, callback) {
      const timer = setTimeout(callback, milliseconds);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

/** RFC 3339 with up to nine decimals, as Go prints it: `2026-01-01T00:00:00.000001Z`. */
export function timestamp(nanoseconds: bigint): string {
  const seconds = nanoseconds / 1_000_000_000n;
  const fraction = String(nanoseconds % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "");
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return fraction === "" ? `${whole}Z` : `${whole}.${fraction}Z`;
}
