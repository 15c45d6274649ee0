import { expect, test } from "bun:test";
import { parseOutcomes } from "./machine.ts";

test("parseOutcomes() picks the checks out of the console", () => {
  const console = [
    "[    6.1] a line of the kernel",
    'CHECK PASS "it starts"\r',
    'CHECK FAIL "it stops": expected <0>, got <"1">\r',
  ];
  expect([...parseOutcomes(console.join("\n"))]).toEqual([
    ["it starts", "PASS"],
    ["it stops", 'expected <0>, got <"1">'],
  ]);
});
