import { describe, expect, test } from "bun:test";
import { DetachScanner, parseDetachKeys } from "./detach-keys.ts";

describe("parseDetachKeys()", () => {
  const cases: [string | undefined, number[]][] = [
    [undefined, [16, 17]],
    ["", [16, 17]],
    ["ctrl-@,ctrl-a", [0, 1]],
    ["ctrl-\\", [28]],
    ["ctrl-],ctrl-_,x", [29, 31, 120]],
    ["DEL", [127]],
  ];
  for (const [text, bytes] of cases) {
    test(`${text}`, () => expect([...parseDetachKeys(text)]).toEqual(bytes));
  }
  for (const text of ["ctrl-A", "ctrl-", "ab", "a,,b", "ctrl-ab"]) {
    test(`rejects ${text}`, () => {
      expect(() => parseDetachKeys(text)).toThrow(`Invalid detach keys (${text}) provided`);
    });
  }
});

function feed(keys: string, chunks: string[]): { output: string; detached: boolean } {
  const scanner = new DetachScanner(Buffer.from(keys, "latin1"));
  let output = "";
  for (const chunk of chunks) {
    const step = scanner.scan(Buffer.from(chunk, "latin1"));
    output += Buffer.from(step.output).toString("latin1");
    if (step.detached) return { output, detached: true };
  }
  return { output: output + Buffer.from(scanner.flush()).toString("latin1"), detached: false };
}

describe("DetachScanner", () => {
  test("stops at the sequence, also over chunks", () => {
    expect(feed("\x10\x11", ["ab\x10\x11cd"])).toEqual({ output: "ab", detached: true });
    expect(feed("\x10\x11", ["ab\x10", "\x11"])).toEqual({ output: "ab", detached: true });
  });

  test("passes on a beginning that leads nowhere", () => {
    expect(feed("\x10\x11", ["a\x10", "b\x11"])).toEqual({ output: "a\x10b\x11", detached: false });
    expect(feed("\x10\x11", ["a\x10"])).toEqual({ output: "a\x10", detached: false });
  });

  test("finds a sequence that begins inside of a false start", () => {
    expect(feed("aab", ["aaab"])).toEqual({ output: "a", detached: true });
    expect(feed("abac", ["ab", "ab", "ac"])).toEqual({ output: "ab", detached: true });
  });

  test("loses no byte however the input is cut", () => {
    for (let round = 0; round < 2000; round++) {
      const random = (n: number) => Math.floor(Math.random() * n);
      const word = (length: number) => Array.from({ length }, () => "abc"[random(3)]).join("");
      const keys = word(1 + random(4));
      const input = word(random(20));
      const cut = random(input.length + 1);
      const at = input.indexOf(keys);
      const expected = at < 0 ? input : input.slice(0, at);
      expect(feed(keys, [input.slice(0, cut), input.slice(cut)])).toEqual({
        output: expected,
        detached: at >= 0,
      });
    }
  });
});
