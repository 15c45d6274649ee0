import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { absolutePath } from "./absolute-path.ts";

test.each([".", "..", "./a/../b", "/a//b/./c/", "a", "../../../../../..", "/..", ""])(
  "absolutePath(%j) is path.resolve",
  (path) => expect(absolutePath(path)).toBe(resolve(path)),
);
