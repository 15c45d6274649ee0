import { expect, test } from "bun:test";
import { lineLog } from "./log.ts";

test("lineLog() writes one line per message from its level on", () => {
  const lines: string[] = [];
  const log = lineLog("info", (line) => lines.push(line));
  log.debug("hidden");
  log.warn('two\n"lines"', { id: "abc", reason: "a b", none: undefined });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^time=\S+ level=warn msg="two\\n\\"lines\\"" id=abc reason="a b"\n$/);
});
