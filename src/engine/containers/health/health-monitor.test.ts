import { describe, expect, test } from "bun:test";
import type { Health, HealthConfig } from "../../../spec/index.ts";
import type { Clock } from "../../clock.ts";
import { HealthMonitor, type ProbeResult, probeCommand } from "./health-monitor.ts";

const SECOND = 1_000_000_000;

/** Time that stands still until `advance`. */
function fakeClock() {
  let now = 1_000_000;
  let timers: { at: number; callback: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    nanoseconds: () => BigInt(now) * 1_000_000n,
    after(delay, callback) {
      const timer = { at: now + delay, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  };
  const advance = async (milliseconds: number) => {
    now += milliseconds;
    const due = timers.filter((timer) => timer.at <= now);
    timers = timers.filter((timer) => timer.at > now);
    for (const timer of due) timer.callback();
    await Bun.sleep(0);
  };
  return { clock, advance };
}

function monitor(
  config: HealthConfig,
  probe: (command: string[], signal: AbortSignal) => Promise<ProbeResult>,
) {
  const { clock, advance } = fakeClock();
  const health: Health = { Status: "starting", FailingStreak: 0, Log: [] };
  const changes: string[] = [];
  const subject = new HealthMonitor(
    {
      config,
      health,
      clock,
      startedAt: clock.now(),
      probe,
      onChange: () => changes.push(health.Status),
    },
    ["probe"],
  );
  return { subject, health, changes, advance };
}

describe("HealthMonitor", () => {
  test("turns healthy with the first success, unhealthy after the retries", async () => {
    let exitCode = 0;
    const { subject, health, changes, advance } = monitor(
      { Interval: SECOND, Retries: 2 },
      async () => ({ exitCode, output: "out" }),
    );
    subject.start();
    await advance(1000);
    expect(health).toMatchObject({ Status: "healthy", FailingStreak: 0 });
    exitCode = 1;
    await advance(1000);
    expect(health).toMatchObject({ Status: "healthy", FailingStreak: 1 });
    await advance(1000);
    expect(health).toMatchObject({ Status: "unhealthy", FailingStreak: 2 });
    exitCode = 0;
    await advance(1000);
    expect(changes).toEqual(["healthy", "unhealthy", "healthy"]);
    expect(health.Log.map((entry) => entry.ExitCode)).toEqual([0, 1, 1, 0]);
    expect(health.Log[0]?.Output).toBe("out");
  });

  test("does not count failures within the start period, and probes more often there", async () => {
    const { subject, health, advance } = monitor(
      { Interval: 10 * SECOND, StartPeriod: 3 * SECOND, StartInterval: SECOND, Retries: 1 },
      async () => ({ exitCode: 1, output: "" }),
    );
    subject.start();
    await advance(1000);
    await advance(1000);
    expect(health).toMatchObject({ Status: "starting", FailingStreak: 0 });
    expect(health.Log.length).toBe(2);
    await advance(1000);
    expect(health).toMatchObject({ Status: "unhealthy", FailingStreak: 1 });
  });

  test("keeps the last five results", async () => {
    const { subject, health, advance } = monitor({ Interval: SECOND }, async () => ({
      exitCode: 0,
      output: "",
    }));
    subject.start();
    for (let i = 0; i < 8; i++) await advance(1000);
    expect(health.Log.length).toBe(5);
  });

  test("ends a probe that takes too long and says so", async () => {
    const { subject, health, advance } = monitor(
      { Interval: SECOND, Timeout: 2 * SECOND, Retries: 1 },
      (_command, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve({ exitCode: 137, output: "half" }));
        }),
    );
    subject.start();
    await advance(1000);
    await advance(2000);
    expect(health.Status).toBe("unhealthy");
    expect(health.Log[0]).toMatchObject({
      ExitCode: -1,
      Output: "Health check exceeded timeout (2s): half",
    });
  });

  test("stop() aborts the probe and forgets its result", async () => {
    let aborted = false;
    const { subject, health, advance } = monitor(
      { Interval: SECOND },
      (_command, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            aborted = true;
            resolve({ exitCode: 0, output: "" });
          });
        }),
    );
    subject.start();
    await advance(1000);
    subject.stop();
    await advance(60_000);
    expect(aborted).toBe(true);
    expect(health.Log).toEqual([]);
  });

  test("a probe that cannot start is a failure with its message", async () => {
    const { subject, health, advance } = monitor({ Interval: SECOND, Retries: 1 }, async () => {
      throw new Error("no such file");
    });
    subject.start();
    await advance(1000);
    expect(health.Log[0]).toMatchObject({ ExitCode: -1, Output: "no such file" });
    expect(health.Status).toBe("unhealthy");
  });
});

describe("probeCommand()", () => {
  test("words, shell, none", () => {
    expect(probeCommand({ Test: ["CMD", "a", "b"] }, null)).toEqual(["a", "b"]);
    expect(probeCommand({ Test: ["CMD-SHELL", "a | b"] }, null)).toEqual([
      "/bin/sh",
      "-c",
      "a | b",
    ]);
    expect(probeCommand({ Test: ["CMD-SHELL", "x"] }, ["/bin/bash", "-ec"])).toEqual([
      "/bin/bash",
      "-ec",
      "x",
    ]);
    expect(probeCommand({ Test: ["NONE"] }, null)).toBeUndefined();
    expect(probeCommand({ Test: [] }, null)).toBeUndefined();
    expect(probeCommand(undefined, null)).toBeUndefined();
  });
});
