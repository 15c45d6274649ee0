import { describe, expect, test } from "bun:test";
import { parseSignal } from "./signals.ts";

describe("parseSignal()", () => {
  const known: [string, number][] = [
    ["SIGTERM", 15],
    ["kill", 9],
    ["9", 9],
    ["sigusr1", 10],
    ["RTMIN", 34],
    ["SIGRTMIN+3", 37],
    ["RTMAX-1", 63],
    ["64", 64],
  ];
  for (const [text, number] of known) {
    test(text, () => expect(parseSignal(text)).toBe(number));
  }
  for (const text of ["", "0", "65", "SIGNOPE", "RTMIN-1", "RTMIN+31", "-9", "9x", "toString"]) {
    test(`rejects ${text}`, () => {
      expect(() => parseSignal(text)).toThrow(`invalid signal: ${text}`);
    });
  }
});
