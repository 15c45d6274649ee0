import { describe, expect, test } from "bun:test";
import { formatTimestamp, parseDuration, parseTimestamp } from "./timestamp.ts";

describe("parseTimestamp()", () => {
  test("reads seconds with and without a fraction", () => {
    expect(parseTimestamp("1")).toBe(1_000_000_000n);
    expect(parseTimestamp("1136073600.000000001")).toBe(1_136_073_600_000_000_001n);
    expect(parseTimestamp("1.5")).toBe(1_500_000_000n);
    expect(parseTimestamp("1.1234567891")).toBe(1_123_456_789n);
  });

  test("reads RFC 3339 to the nanosecond", () => {
    expect(parseTimestamp("2006-01-02T15:04:05.999999999Z")).toBe(1_136_214_245_999_999_999n);
    expect(parseTimestamp("2006-01-02T15:04:05-07:00")).toBe(1_136_239_445_000_000_000n);
    expect(parseTimestamp("2006-01-02T15:04Z")).toBe(1_136_214_240_000_000_000n);
  });

  test("reads a duration before now", () => {
    expect(parseTimestamp("1m30s", 100_000)).toBe(10_000_000_000n);
  });

  test("says what is wrong as Docker says it", () => {
    expect(() => parseTimestamp("abc")).toThrow(
      'invalid timestamp "abc": invalid seconds "abc": invalid syntax',
    );
    for (const text of ["", "1.2.3", "2006-13-45", "10 m", "1.x", "--1"]) {
      expect(() => parseTimestamp(text)).toThrow("invalid timestamp");
    }
  });

  test("formatTimestamp() is its inverse", () => {
    for (const instant of [0n, 1n, 1_136_073_600_000_000_001n]) {
      expect(parseTimestamp(formatTimestamp(instant))).toBe(instant);
    }
  });
});

test("parseDuration() reads Go's durations", () => {
  expect(parseDuration("1h2m3s")).toBe(3_723_000_000_000n);
  expect(parseDuration("1.5s")).toBe(1_500_000_000n);
  expect(parseDuration("-250ms")).toBe(-250_000_000n);
  expect(parseDuration("0")).toBe(0n);
  for (const text of ["", "5", "s", "1x", "1s 2s"]) expect(() => parseDuration(text)).toThrow();
});
