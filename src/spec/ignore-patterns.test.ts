import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { IgnorePatterns } from "./ignore-patterns.ts";
import { PathPattern } from "./path-pattern.ts";

describe("PathPattern.matches()", () => {
  test.each([
    ["a", "a", true],
    ["a", "a/b", false],
    ["*", "a", true],
    ["*", "a/b", false],
    ["*/b", "a/b", true],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["**", "a/b/c", true],
    ["**/a", "a", true],
    ["**/a", "x/y/a", true],
    ["**/a", "xa", false],
    ["**a", "xa", true],
    ["a/**", "a/b/c", true],
    ["a/**", "a", false],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["a/**/b", "a/xb", false],
    ["a**b", "a/x/b", true],
    ["**/*.go", "x.go", true],
    ["**/*.go", "a/b/x.go", true],
    ["**/*.go", "a/b/x.goo", false],
    ["[a-c]x", "bx", true],
    ["[^a-c]x", "bx", false],
    ["[^a-c]x", "dx", true],
    ["[]", "x", "error"],
    ["[a", "a", "error"],
    ["a\\", "a", "error"],
    ["[\\]]", "]", true],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["a.b", "axb", false],
    ["(a|b)+$", "(a|b)+$", true],
    ["*.[ch]", "x.c", true],
    ["a-b/c{d}", "a-b/c{d}", true],
    ["ä*", "äöü", true],
    ["?", "😀", true],
    ["**/a/**/b/**/c/**/d", "a/b/c/d", true],
    ["**/a/**/b/**/c/**/d", "x/a/y/b/c/z/z/d", true],
    ["**/a/**/b/**/c/**/d", "x/a/y/b/c/z/zd", false],
    ["*a*b*c*d*", "xaxbxcxdx", true],
    ["*a*b*c*d*", "xaxbxcx/dx", false],
  ])("%s on %s is %p", (pattern, path, expected) => {
    if (typeof expected === "string")
      expect(() => new PathPattern(pattern)).toThrow("syntax error");
    else expect(new PathPattern(pattern).matches(path)).toBe(expected);
  });

  test("many wildcards are answered as few are", () => {
    const piece = fc.constantFrom("a", "b", "/", "*", "**", "**/", "?", "[ab]", "[^a]");
    const patterns = fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join(""));
    const paths = fc.stringMatching(/^[ab]{1,2}(\/[ab]{1,2}){0,3}$/);
    fc.assert(
      fc.property(patterns, paths, (pattern, path) => {
        // Optional nothings push the pattern over to the other way of matching.
        const many = new PathPattern(`**/**/**/**/${pattern}`).matches(path);
        const few = new PathPattern(`**/${pattern}`).matches(path);
        return many === few;
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  test("a hostile pattern takes no time", () => {
    const pattern = new PathPattern(`${"**/a".repeat(40)}/b`);
    const started = performance.now();
    expect(pattern.matches("a/".repeat(1000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("IgnorePatterns", () => {
  const ignored = (text: string, ...paths: string[]): boolean[] => {
    const patterns = IgnorePatterns.parse(text);
    return paths.map((path) => patterns.ignores(path));
  };

  test("leaves out what stands below a directory, too", () => {
    expect(ignored("a\n", "a", "a/b/c", "ab", "x/a")).toEqual([true, true, false, false]);
    expect(ignored("*/tmp\n", "a/tmp/x", "tmp", "a/b/tmp")).toEqual([true, false, false]);
  });

  test("the last rule that matches decides", () => {
    const text = "*.md\n!README*.md\nREADME-secret.md\n";
    expect(ignored(text, "a.md", "README.md", "README-secret.md")).toEqual([true, false, true]);
    expect(ignored("a\n!a/b\n", "a/b/c", "a/c")).toEqual([false, true]);
    expect(ignored("!a/b\na\n", "a/b")).toEqual([true]);
    expect(ignored("*\n!src\n!go.*\n", "src/x/y", "go.mod", "Makefile")).toEqual([
      false,
      false,
      true,
    ]);
    expect(ignored("a\n!a\n", "a", "a/b")).toEqual([false, false]);
  });

  test("comments, blank lines, spaces, leading and trailing slashes, ./ and ..", () => {
    const text = "\uFEFF# a\n\n  b  \n/c/\n./d\ne/../f\n! b\r\n#x\n";
    expect(ignored(text, "b", "c", "d", "f", "e", "#x")).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  test("names the line of a malformed pattern", () => {
    expect(() => IgnorePatterns.parse("a\n[b\n")).toThrow(
      '.dockerignore:2: syntax error in pattern "[b"',
    );
    expect(() => IgnorePatterns.parse("!\n")).toThrow('illegal exclusion pattern: "!"');
  });

  test("knows which ignored directories can hold something that counts", () => {
    const patterns = IgnorePatterns.parse("*\n!src/app/*.ts\n!docs/**/x\n");
    const holds = (path: string) => patterns.mayHoldExceptions(path);
    expect(["src", "src/app", "src/lib", "node_modules", "docs", "docs/a/b"].map(holds)).toEqual([
      true,
      true,
      false,
      false,
      true,
      true,
    ]);
    expect(IgnorePatterns.parse("*\n").mayHoldExceptions("a")).toBe(false);
  });

  test("a rule that would change nothing for a directory is not asked for what it holds", () => {
    // Docker's own answer: `!a` has nothing to take in at `a`, and does not match `a/a` itself.
    expect(ignored("a/a\n!a\n", "a", "a/a", "a/b")).toEqual([false, true, false]);
  });

  test("without exceptions a path is ignored when it or a directory above matches", () => {
    const segment = fc.constantFrom("a", "b", "*", "**", "?");
    const rules = fc.array(fc.array(segment, { minLength: 1, maxLength: 3 }), { maxLength: 4 });
    const paths = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(rules, paths, (lines, path) => {
        const texts = lines.map((names) => names.join("/"));
        const expected = texts.some((text) =>
          path.some((_, end) => new PathPattern(text).matches(path.slice(0, end + 1).join("/"))),
        );
        return IgnorePatterns.parse(texts.join("\n")).ignores(path.join("/")) === expected;
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});
