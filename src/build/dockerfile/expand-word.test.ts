import { describe, expect, test } from "bun:test";
import { ExpansionError, expandWord } from "./expand-word.ts";

const VARIABLES: Readonly<Record<string, string>> = {
  A: "one",
  EMPTY: "",
  PATH: "/usr/local/bin:/bin",
  SPACED: "x  y",
  FILE: "a.tar.gz",
};
const lookup = (name: string) => (Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined);
const expand = (word: string) => expandWord(word, lookup, { escape: "\\", quotes: "remove" });

describe("expandWord()", () => {
  test.each([
    ["plain", "plain"],
    ["$A-${A}s", "one-ones"],
    ["$NONE|${NONE}", "|"],
    ["'$A' \"$A\"", "$A one"],
    ["\\$A \\\\ \\x", "$A \\ x"],
    ['"\\$A \\" \\x"', '$A " \\x'],
    ["$", "$"],
    ["a$/b", "a$/b"],
    ["$1x", "x"],
    ["${A:-b}${NONE:-b}${EMPTY:-b}", "onebb"],
    ["${A-b}${NONE-b}${EMPTY-b}", "oneb"],
    ["${A:+b}${NONE:+b}${EMPTY:+b}", "b"],
    ["${A+b}${NONE+b}${EMPTY+b}", "bb"],
    ["${A:?no}${A?no}", "oneone"],
    ["${NONE:-${A:-x}y}", "oney"],
    ["${NONE:-'a}b'}", "a}b"],
    ["${NONE:-a\\}b}", "a}b"],
    ["${FILE#*.}|${FILE##*.}|${FILE%.*}|${FILE%%.*}", "tar.gz|gz|a.tar|a"],
    ["${FILE#b}|${FILE%b}|${FILE#?}", "a.tar.gz|a.tar.gz|.tar.gz"],
    ["${PATH/bin/sbin}|${PATH//bin/sbin}", "/usr/local/sbin:/bin|/usr/local/sbin:/sbin"],
    ["${PATH//\\//_}", "_usr_local_bin:_bin"],
    ["${PATH/u*l/x}", "/x/bin:/bin"],
    ["${NONE//a/b}${EMPTY#x}", ""],
    ["${A#\\*}", "one"],
    ["äöü$A", "äöüone"],
  ])("%j is %j", (word, value) => expect(expand(word).value).toBe(value));

  test.each([
    ["${", "missing '}'"],
    ["${A", "missing '}'"],
    ["${A:-b", "missing '}'"],
    ["${}", "bad substitution"],
    ["${{A}", "bad substitution"],
    ["${A!b}", "unsupported modifier (!)"],
    ["${A:xb}", "unsupported modifier (:x)"],
    ["${A/b}", "missing '/'"],
    ["${NONE:?say it}", "NONE: say it"],
    ["${NONE?}", "NONE: is not allowed to be unset"],
    ["${EMPTY:?}", "EMPTY: is not allowed to be empty"],
    ["${A#\\q}", "invalid pattern"],
    ["'a", "single quote"],
    ['"a', "double quote"],
    ["${NONE:-".repeat(100), "too deeply"],
  ])("%j is an error", (word, reason) => {
    expect(() => expand(word)).toThrow(ExpansionError);
    expect(() => expand(word)).toThrow(reason);
  });

  test("splits at the spaces of values, not at those in quotes", () => {
    expect(expand('a $SPACED "$SPACED" b\\ c').words).toEqual(["a", "x", "y", "x  y", "b c"]);
  });

  test("tells which variables it used and which have no value", () => {
    const { used, missing } = expand("$A ${NONE:-x} ${EMPTY}");
    expect([...used]).toEqual(["A", "EMPTY"]);
    expect([...missing]).toEqual(["NONE"]);
  });

  test("takes quotes literally where told, and another escape character", () => {
    const options = { escape: "`", quotes: "literal" } as const;
    expect(expandWord("'$A' `$A \\n", lookup, options).value).toBe("'one' $A \\n");
  });

  test("refuses a value that grows without bound", () => {
    let value = "x".repeat(1024);
    const double = () => expandWord("$V$V", () => value, { escape: "\\", quotes: "remove" }).value;
    expect(() => {
      for (let round = 0; round < 30; round += 1) value = double();
    }).toThrow("larger than 1 MiB");
  });

  test("a pattern of many stars takes no time", () => {
    const value = "a".repeat(2000);
    const word = `\${V#${"*a".repeat(20)}b}`;
    const started = performance.now();
    expect(expandWord(word, () => value, { escape: "\\", quotes: "remove" }).value).toBe(value);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
