import { describe, expect, test } from "bun:test";
import type { BuildEvent } from "../../../spec/index.ts";
import { BuildProgress } from "./build-progress.ts";
import { plainText, treeText } from "./tree-text.ts";

const at = (seconds: number): string => new Date(1_000_000 + seconds * 1000).toISOString();
const vertex = (id: string, name: string, internal = false): BuildEvent => ({
  type: "vertex",
  vertex: { id, name, inputs: [], ...(internal ? { internal } : {}) },
});

const EVENTS: BuildEvent[] = [
  vertex("c", "[internal] load build context", true),
  vertex("a1", "[build 1/3] FROM debian"),
  vertex("a2", "[build 2/3] WORKDIR /src"),
  vertex("a3", "[build 3/3] RUN make"),
  vertex("b1", "[final 1/2] FROM scratch"),
  vertex("b2", "[final 2/2] COPY --from=build /app /"),
  { type: "started", vertex: "c", at: at(0) },
  { type: "finished", vertex: "c", at: at(0.2) },
  { type: "cached", vertex: "a1", at: at(0.2) },
  { type: "cached", vertex: "a2", at: at(0.2) },
  { type: "miss", vertex: "a3", reason: "the command changed" },
  { type: "started", vertex: "a3", at: at(0.2) },
  {
    type: "log",
    vertex: "a3",
    at: at(1),
    stream: "stdout",
    text: "1\n2\n3\n4\n5\n\u001b[31m6\u001b[0m\n10%\r20%",
  },
];

function tree(events: readonly BuildEvent[], rows: number, columns = 50): string[] {
  const progress = new BuildProgress();
  for (const event of events) progress.apply(event);
  const options = { rows, columns, color: false, now: 1_002_200, startedAt: 1_000_000, tick: 0 };
  return treeText(progress, options);
}

describe("treeText()", () => {
  test("shows stages with their steps, times, and the end of what a running step says", () => {
    expect(tree(EVENTS, 40)).toEqual([
      "[+] Building 2.2s (3/6)",
      " ✔ [internal] load build context             0.2s",
      " ● build 2/3 (2 cached)                      2.0s",
      "   ✔ FROM debian                           cached",
      "   ✔ WORKDIR /src                          cached",
      "   ⠋ RUN make                                2.0s",
      "     not cached: the command changed",
      "     │ 3",
      "     │ 4",
      "     │ 5",
      "     │ 6",
      "     │ 20%",
      " · final 0/2",
    ]);
  });

  test("leaves out what matters least where there is no room", () => {
    const lines = tree(EVENTS, 7);
    expect(lines).toHaveLength(6);
    expect(lines).toContainEqual(expect.stringContaining("RUN make"));
    expect(lines).not.toContainEqual(expect.stringContaining("FROM debian"));
  });

  test("never is wider than the terminal, whatever the characters", () => {
    const wide = [
      ...EVENTS,
      {
        type: "log",
        vertex: "a3",
        at: at(1),
        stream: "stdout",
        text: `${"漢字".repeat(40)}\n`,
      } as const,
    ];
    for (const line of tree(wide, 40, 30)) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(29);
  });

  test("marks the end of a stage and a failure", () => {
    const ended: BuildEvent[] = [
      ...EVENTS,
      { type: "failed", vertex: "a3", at: at(2), message: "exit code: 1" },
      { type: "cancelled", vertex: "b2", at: at(2) },
    ];
    const lines = tree(ended, 40);
    expect(lines).toContain("   ✘ RUN make                                1.8s");
    expect(lines).toContainEqual(expect.stringContaining(" ✘ build 3/3 (2 cached)"));
  });
});

test("plainText() takes off what would move the cursor or name a window", () => {
  expect(plainText("a\u001b[2J\u001b]0;title\u0007b\tc\u0008\r\nrest")).toBe("ab  c");
});
