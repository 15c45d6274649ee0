import { describe, expect, test } from "bun:test";
import type { RestartPolicy } from "../../spec/index.ts";
import {
  parseRestartPolicy,
  RestartBackoff,
  shouldRestart,
  shouldStartAtBoot,
} from "./restart-policy.ts";

const policy = (name: RestartPolicy["Name"], retries = 0): RestartPolicy => ({
  Name: name,
  MaximumRetryCount: retries,
});
const exit = (changes = {}) => ({
  exitCode: 1,
  ranFor: 10,
  stoppedByUser: false,
  restartCount: 0,
  ...changes,
});

describe("RestartBackoff", () => {
  test("doubles up to a minute and starts over after a long run", () => {
    const backoff = new RestartBackoff();
    const delays = Array.from({ length: 12 }, () => backoff.next(5));
    expect(delays.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(delays.at(-1)).toBe(60_000);
    expect(backoff.next(10_000)).toBe(100);
  });
});

describe("shouldRestart()", () => {
  test("always and unless-stopped after any exit but the user's", () => {
    for (const name of ["always", "unless-stopped"] as const) {
      expect(shouldRestart(policy(name), exit({ exitCode: 0 }))).toBe(true);
      expect(shouldRestart(policy(name), exit({ stoppedByUser: true }))).toBe(false);
    }
  });

  test("on-failure counts failures only, up to its limit", () => {
    expect(shouldRestart(policy("on-failure"), exit({ exitCode: 0 }))).toBe(false);
    expect(shouldRestart(policy("on-failure"), exit({ restartCount: 99 }))).toBe(true);
    expect(shouldRestart(policy("on-failure", 3), exit({ restartCount: 2 }))).toBe(true);
    expect(shouldRestart(policy("on-failure", 3), exit({ restartCount: 3 }))).toBe(false);
  });

  test("no never", () => expect(shouldRestart(policy("no"), exit())).toBe(false));
});

describe("shouldStartAtBoot()", () => {
  const last = { exitCode: 0, stoppedByUser: true, everStarted: true, restartCount: 0 };
  test("always starts even what a user stopped, unless-stopped does not", () => {
    expect(shouldStartAtBoot(policy("always"), last)).toBe(true);
    expect(shouldStartAtBoot(policy("unless-stopped"), last)).toBe(false);
    expect(shouldStartAtBoot(policy("unless-stopped"), { ...last, stoppedByUser: false })).toBe(
      true,
    );
  });
  test("never starts what was only created", () => {
    expect(shouldStartAtBoot(policy("always"), { ...last, everStarted: false })).toBe(false);
  });
});

describe("parseRestartPolicy()", () => {
  test("fills in the default", () => {
    expect(parseRestartPolicy(undefined, true)).toEqual(policy("no"));
    expect(parseRestartPolicy({ Name: "" }, false)).toEqual(policy("no"));
  });
  test("rejects what Docker rejects", () => {
    const name = "sometimes" as RestartPolicy["Name"];
    expect(() => parseRestartPolicy({ Name: name }, false)).toThrow("unknown policy 'sometimes'");
    expect(() => parseRestartPolicy(policy("always", 2), false)).toThrow("only be used with");
    expect(() => parseRestartPolicy(policy("on-failure", -1), false)).toThrow("negative");
    expect(() => parseRestartPolicy(policy("always"), true)).toThrow(
      "can't create 'AutoRemove' container with restart policy",
    );
  });
});
