import { describe, expect, test } from "bun:test";
import type { ContainerState } from "../../spec/index.ts";
import { humanDuration, statusText } from "./status-text.ts";

describe("humanDuration()", () => {
  const spans: [number, string][] = [
    [0.4, "Less than a second"],
    [1, "1 second"],
    [59.9, "59 seconds"],
    [60, "About a minute"],
    [125, "2 minutes"],
    [3600, "About an hour"],
    [5400, "2 hours"],
    [47 * 3600, "47 hours"],
    [3 * 86400, "3 days"],
    [20 * 86400, "2 weeks"],
    [90 * 86400, "3 months"],
    [800 * 86400, "2 years"],
  ];
  for (const [seconds, text] of spans) {
    test(`${seconds} s is ${text}`, () => expect(humanDuration(seconds * 1000)).toBe(text));
  }
});

describe("statusText()", () => {
  const now = Date.parse("2026-01-01T00:03:00Z");
  const state = (changes: Partial<ContainerState>): ContainerState => ({
    Status: "running",
    Running: true,
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    Dead: false,
    Pid: 1,
    ExitCode: 3,
    Error: "",
    StartedAt: "2026-01-01T00:00:00Z",
    FinishedAt: "2026-01-01T00:02:55.000000001Z",
    ...changes,
  });
  const health = (status: "starting" | "healthy" | "none") => ({
    Health: { Status: status, FailingStreak: 0, Log: [] },
  });
  const texts: [Partial<ContainerState>, string][] = [
    [{}, "Up 3 minutes"],
    [health("healthy"), "Up 3 minutes (healthy)"],
    [health("starting"), "Up 3 minutes (health: starting)"],
    [health("none"), "Up 3 minutes"],
    [{ Status: "paused" }, "Up 3 minutes (Paused)"],
    [{ Status: "created" }, "Created"],
    [{ Status: "exited" }, "Exited (3) 5 seconds ago"],
    [{ Status: "restarting" }, "Restarting (3) 5 seconds ago"],
    [{ Status: "dead" }, "Dead"],
    [{ Status: "removing" }, "Removal In Progress"],
  ];
  for (const [changes, text] of texts) {
    test(text, () => expect(statusText(state(changes), now)).toBe(text));
  }
});
