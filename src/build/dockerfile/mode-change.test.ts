import { describe, expect, test } from "bun:test";
import { parseModeChange } from "./mode-change.ts";

describe("parseModeChange()", () => {
  test.each([
    ["755", 0o600, false, 0o755],
    ["04755", 0o600, true, 0o4755],
    ["u=rwX,go=rX", 0o644, false, 0o644],
    ["u=rwX,go=rX", 0o600, true, 0o755],
    ["u=rwX,go=rX", 0o700, false, 0o755],
    ["+x", 0o644, false, 0o755],
    ["a-w", 0o666, false, 0o444],
    ["go=", 0o777, false, 0o700],
    ["g=u", 0o740, false, 0o770],
    ["u+s,o+t", 0o755, false, 0o5755],
    ["g-s", 0o2755, true, 0o755],
    ["u=rw", 0o4755, false, 0o655],
    ["u=rwx", 0o4755, true, 0o4755],
    ["u+x-w", 0o644, false, 0o544],
  ])("%s of %o", (text, mode, isDirectory, expected) =>
    expect(parseModeChange(text)(mode, isDirectory).toString(8)).toBe(expected.toString(8)),
  );

  test.each(["", "8", "10000", "rwx", "u=rwz", "z+x", "u", "a=rw,"])("%j is an error", (text) =>
    expect(() => parseModeChange(text)).toThrow("invalid chmod parameter"),
  );
});
