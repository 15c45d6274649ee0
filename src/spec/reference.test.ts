import { describe, expect, test } from "bun:test";
import { familiarString, parseReference, referenceString, withDefaultTag } from "./reference.ts";

describe("parseReference()", () => {
  const normalised: [string, string, string][] = [
    ["busybox", "docker.io/library/busybox:latest", "busybox:latest"],
    ["user/app:1", "docker.io/user/app:1", "user/app:1"],
    ["localhost/app", "localhost/app:latest", "localhost/app:latest"],
    ["localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1"],
    ["index.docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"],
    ["[::1]:5000/a/b", "[::1]:5000/a/b:latest", "[::1]:5000/a/b:latest"],
  ];
  for (const [text, full, familiar] of normalised) {
    test(`normalises ${text}`, () => {
      const reference = withDefaultTag(parseReference(text));
      expect(referenceString(reference)).toBe(full);
      expect(familiarString(reference)).toBe(familiar);
    });
  }

  test("keeps tag and digest", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    expect(familiarString(parseReference(`a:1@${digest}`))).toBe(`a:1@${digest}`);
  });

  for (const text of ["", "a:", "a//b", "-a", "a@sha256:12", "a:b:c/d", "a b", "/a", "a/"]) {
    test(`rejects ${JSON.stringify(text)}`, () => {
      expect(() => parseReference(text)).toThrow("invalid reference format");
    });
  }

  test("rejects upper case with Docker's words", () => {
    expect(() => parseReference("user/App")).toThrow(
      "invalid reference format: repository name (user/App) must be lowercase",
    );
  });
});
