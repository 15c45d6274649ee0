import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Cli, TestDaemon } from "./daemon.ts";

/**
 * One daemon for a test file, with `busybox:latest`. Call it at the top; call `hostStaysClean` at the
 * bottom, which stops the daemon and compares the host with what it was.
 */
export function useDaemon(...flags: string[]): { readonly daemon: TestDaemon } {
  let daemon: TestDaemon | undefined;
  beforeAll(async () => {
    daemon = await TestDaemon.start(...flags);
    await daemon.importBusybox();
  });
  afterAll(async () => {
    await daemon?.stop();
  });
  return {
    get daemon() {
      if (daemon === undefined) throw new Error("The daemon has not been started");
      return daemon;
    },
  };
}

export function hostStaysClean(suite: { readonly daemon: TestDaemon }): void {
  test("every answer of the API had its shape", () => {
    expect(suite.daemon.complaints).toEqual([]);
  });
  test("the host is left as it was found", async () => {
    expect(await suite.daemon.stop()).toEqual([]);
  });
}

/** The two command lines that every user-visible behaviour is proven with. */
export const COMMAND_LINES = ["berth", "docker"] as const;

const dockerVersion = Bun.spawnSync(["docker", "--version"]).stdout.toString();
/**
 * Is the docker CLI at hand of the generation that Berth's own speaks like (28)? Debian's is of 2022: it
 * words its own complaints otherwise and lacks some flags.
 */
export const DOCKER_IS_CURRENT = Number(/version (\d+)/.exec(dockerVersion)?.[1] ?? 0) >= 28;

export function commandLine(
  suite: { readonly daemon: TestDaemon },
  name: (typeof COMMAND_LINES)[number],
): Cli {
  return (...parts) => suite.daemon[name](...parts);
}

/** Waits for a condition, at most `milliseconds`; for what the outside world decides. */
export async function eventually(
  condition: () => Promise<boolean>,
  milliseconds = 10_000,
): Promise<void> {
  const end = Date.now() + milliseconds;
  while (Date.now() < end) {
    if (await condition()) return;
    await Bun.sleep(20);
  }
  throw new Error(`Did not come true within ${milliseconds} ms: ${condition}`);
}
