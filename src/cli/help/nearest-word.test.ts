import { expect, test } from "bun:test";
import { nearestWord } from "./nearest-word.ts";

const words = ["ps", "pull", "push", "port", "images", "inspect", "start", "stats"];

test.each([
  ["pussh", "push"],
  ["imgaes", "images"],
  ["inspct", "inspect"],
  ["strat", "start"],
  ["pz", "ps"],
  ["frobnicate", undefined],
  ["x", undefined],
])("nearestWord(%s)", (word, wanted) => {
  expect(nearestWord(word, words)).toBe(wanted as string);
});
