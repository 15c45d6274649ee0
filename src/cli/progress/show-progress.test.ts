import { expect, test } from "bun:test";
import type { ProgressMessage } from "../../spec/index.ts";
import type { CommandContext } from "../command.ts";
import { Output } from "../output.ts";
import { progressText } from "./progress-text.ts";
import { showProgress } from "./show-progress.ts";

async function* messages(list: readonly ProgressMessage[]) {
  yield* list;
}

test("in a pipe: changes of state, no advance", async () => {
  let text = "";
  const output = new Output(-1, () => ({
    write: (chunk) => {
      text += chunk;
      return 0;
    },
    flush: () => 0,
  }));
  const seen: unknown[] = [];
  await showProgress(
    {} as CommandContext,
    output,
    messages([
      { status: "Pulling from library/busybox", id: "latest" },
      { status: "Pulling fs layer", id: "abc", progressDetail: {} },
      { status: "Downloading", id: "abc", progressDetail: { current: 1, total: 2 }, progress: "x" },
      { status: "Pull complete", id: "abc", progressDetail: {} },
      { stream: "Loaded image: x\n" },
      { status: "Digest: sha256:1" },
      { aux: { ID: "1" } },
    ]),
    (value) => seen.push(value),
  );
  expect(text).toBe(
    "latest: Pulling from library/busybox\nabc: Pulling fs layer\nabc: Pull complete\nLoaded image: x\nDigest: sha256:1\n",
  );
  expect(seen).toEqual([{ ID: "1" }]);
});

test("progressText() draws a bar where there is room", () => {
  const detail = { current: 15_000_000, total: 30_000_000 };
  expect(progressText(detail, 120)).toBe(`[${"=".repeat(25)}>${" ".repeat(25)}]     15MB/30MB`);
  expect(progressText(detail, 80)).toBe("    15MB/30MB");
  expect(progressText({ current: 5 }, 120)).toBe("      5B");
  expect(progressText({}, 120)).toBe("");
  expect(progressText({ current: 40, total: 30 }, 80)).toBe("     40B");
});
