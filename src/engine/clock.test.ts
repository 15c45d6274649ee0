import { expect, test } from "bun:test";
import { systemClock, timestamp } from "./clock.ts";

test("timestamp() prints nanoseconds without trailing zeros", () => {
  expect(timestamp(1_767_225_600_000_000_000n)).toBe("2026-01-01T00:00:00Z");
  expect(timestamp(1_767_225_600_000_001_000n)).toBe("2026-01-01T00:00:00.000001Z");
  expect(timestamp(1_767_225_600_120_000_003n)).toBe("2026-01-01T00:00:00.120000003Z");
});

test("systemClock() never gives the same instant twice", () => {
  const clock = systemClock();
  const instants = Array.from({ length: 1000 }, () => clock.nanoseconds());
  expect(new Set(instants).size).toBe(1000);
  expect(Math.abs(Number(instants[0] ?? 0n) / 1e6 - Date.now())).toBeLessThan(1000);
});
