import { describe, expect, test } from "bun:test";
import type { ProgressMessage } from "../../spec/index.ts";
import { humanSize, progressBar } from "./progress-bar.ts";
import { ProgressQueue } from "./progress-queue.ts";

describe("ProgressQueue.run()", () => {
  test("a slow reader finds the newest progress of each thing only", async () => {
    const seen: ProgressMessage[] = [];
    const messages = ProgressQueue.run(async (queue) => {
      queue.status("a", "Pulling fs layer");
      for (let done = 0; done <= 1000; done++) queue.progress("a", "Downloading", done, 1000);
      queue.status("a", "Pull complete");
    });
    for await (const message of messages) seen.push(message);
    expect(seen.map(({ status, progressDetail }) => [status, progressDetail?.current])).toEqual([
      ["Pulling fs layer", undefined],
      ["Downloading", 1000],
      ["Pull complete", undefined],
    ]);
  });

  test("throws what the work throws, after its last message", async () => {
    const seen: string[] = [];
    const read = async () => {
      const messages = ProgressQueue.run(async (queue) => {
        queue.push({ status: "one" });
        throw new Error("broken");
      });
      for await (const { status } of messages) seen.push(status ?? "");
    };
    await expect(read()).rejects.toThrow("broken");
    expect(seen).toEqual(["one"]);
  });

  test("stops the work when the reader leaves, and waits for it", async () => {
    let ended = false;
    const messages = ProgressQueue.run(async (queue, signal) => {
      queue.push({ status: "one" });
      await new Promise<void>((resolve) =>
        signal.addEventListener("abort", () => setTimeout(resolve, 5)),
      );
      ended = true;
    });
    for await (const _ of messages) break;
    expect(ended).toBe(true);
  });
});

test("humanSize() has four digits", () => {
  expect([0, 999, 1000, 1234567, 206_159_360].map(humanSize)).toEqual([
    "0B",
    "999B",
    "1kB",
    "1.235MB",
    "206.2MB",
  ]);
});

test("progressBar() is fifty wide", () => {
  expect(progressBar(50, 100)).toBe(`[${"=".repeat(25)}>${" ".repeat(25)}]      50B/100B`);
  expect(progressBar(0, 0)).toBe("");
  expect(progressBar(1000, 0)).toBe("     1kB");
});
