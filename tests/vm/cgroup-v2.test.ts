/**
 * Berth on a host with cgroup v2 alone and with a kernel of a long-term distribution (Debian 12: 6.1), inside
 * of an emulated machine. Every `check` of `guest/checks.sh` is a test here.
 */
import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { machineIsMissing, runGuest } from "./machine.ts";

/** Some 100 seconds where nothing else runs. */
const SECONDS = 480;

const script = await readFile(join(import.meta.dir, "guest/checks.sh"), "utf8");
const checks = [...script.matchAll(/^check "([^"]+)"/gm)].map(([, name = ""]) => name);
const missing = await machineIsMissing();

if (missing !== undefined) test.skip(`cgroup v2: ${missing}`, () => undefined);
else {
  const { outcomes, console: said } = await runGuest(SECONDS);
  for (const name of checks) {
    test(name, () => expect(outcomes.get(name) ?? "not reached").toBe("PASS"));
  }
  test("every check was reached", () => {
    if (outcomes.size !== checks.length) throw new Error(said.slice(-8000));
  });
}
