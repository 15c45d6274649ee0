import { describe, expect, test } from "bun:test";
import { eventually, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();

/** Every line once and in order, from 1. */
function expectEveryLine(text: string): number {
  const lines = text.replaceAll("\r", "").trim().split("\n").map(Number);
  expect(lines).toEqual(lines.map((_, index) => index + 1));
  return lines.length;
}

const counter = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.005; done";

describe("the daemon is killed at any moment", () => {
  for (const tty of [false, true]) {
    test(`while containers write, ${tty ? "with" : "without"} a tty: nothing stops, no line is lost`, async () => {
      const { daemon } = suite;
      const flags = tty ? ["-dt"] : ["-d"];
      const ids = await Promise.all(
        [1, 2, 3].map(async () =>
          (await daemon.berth("run", ...flags, "busybox", "sh", "-c", counter)).stdout.trim(),
        ),
      );
      const pids = async () =>
        (await daemon.berth("inspect", "-f", "{{.State.Pid}}", ...ids)).stdout;
      const before = await pids();
      for (let round = 0; round < 5; round++) {
        await Bun.sleep(100);
        await daemon.killAndRestart();
      }
      expect(await pids()).toBe(before);
      await Bun.sleep(300);
      for (const id of ids) {
        const lines = expectEveryLine((await daemon.berth("logs", id)).stdout);
        expect(lines).toBeGreaterThan(20);
      }
      await daemon.berth("rm", "-f", ...ids);
    });
  }

  test("an exit while it is dead is known afterwards, and --rm is carried out", async () => {
    const { daemon } = suite;
    await daemon.berth(
      "run",
      "-d",
      "--name",
      "ends",
      "busybox",
      "sh",
      "-c",
      "sleep 0.5; echo last; exit 42",
    );
    await daemon.berth("run", "-d", "--rm", "--name", "vanishes", "busybox", "sleep", "0.5");
    await daemon.kill();
    await Bun.sleep(900);
    await daemon.up();
    const exit = await daemon.berth(
      "inspect",
      "-f",
      "{{.State.Status}} {{.State.ExitCode}}",
      "ends",
    );
    expect(exit.stdout).toBe("exited 42\n");
    expect((await daemon.berth("logs", "ends")).stdout).toBe("last\n");
    await eventually(async () => (await daemon.berth("inspect", "vanishes")).code === 1);
    await daemon.berth("rm", "ends");
  });

  test("exec, stop and ports work after a restart", async () => {
    const { daemon } = suite;
    await daemon.berth(
      "run",
      "-d",
      "--name",
      "web",
      "-p",
      "127.0.0.1:0:80",
      "busybox",
      "httpd",
      "-f",
      "-p",
      "80",
    );
    const port = (await daemon.berth("port", "web", "80")).stdout.trim().split(":")[1];
    const answers = async () => (await fetch(`http://127.0.0.1:${port}/none`)).status === 404;
    await eventually(answers);
    await daemon.kill();
    expect(await answers()).toBe(true);
    await daemon.up();
    expect(await answers()).toBe(true);
    expect((await daemon.berth("exec", "web", "echo", "in")).stdout).toBe("in\n");
    expect((await daemon.berth("port", "web", "80")).stdout).toContain(`:${port}`);
    await daemon.berth("stop", "-t", "0", "web");
    expect((await daemon.berth("start", "web")).code).toBe(0);
    await daemon.berth("rm", "-f", "web");
  });

  test("in the middle of create, start, stop and rm: nothing half made is left", async () => {
    const { daemon } = suite;
    const verbs = [
      () => daemon.berth("create", "--name", "victim", "-p", "0:80", "busybox", "sleep", "100"),
      () => daemon.berth("run", "-d", "--name", "victim", "-v", "/data", "busybox", "sleep", "100"),
      () => daemon.berth("restart", "-t", "0", "victim"),
      () => daemon.berth("stop", "-t", "0", "victim"),
      () => daemon.berth("rm", "-f", "-v", "victim"),
    ];
    for (let round = 0; round < 25; round++) {
      const verb = verbs[round % verbs.length];
      const running = verb?.();
      await Bun.sleep((round * 7) % 40);
      await daemon.killAndRestart();
      await running;
      // Whatever state the verb has reached, the container must be usable or absent.
      const inspect = await daemon.berth("inspect", "-f", "{{.State.Status}}", "victim");
      if (inspect.code === 0) {
        expect(inspect.stdout.trim()).toMatch(/^(created|running|exited)$/);
        if (round % 3 === 0) expect((await daemon.berth("start", "victim")).code).toBe(0);
      }
    }
    await daemon.berth("rm", "-f", "-v", "victim");
    expect((await daemon.berth("ps", "-aq")).stdout).toBe("");
    expect((await daemon.berth("volume", "ls", "-q")).stdout).toBe("");
  }, 120_000);

  test("attached clients are told, and unless-stopped containers come back", async () => {
    const { daemon } = suite;
    await daemon.berth(
      "run",
      "-d",
      "--name",
      "keeper",
      "--restart",
      "unless-stopped",
      "busybox",
      "sleep",
      "0.7",
    );
    await daemon.kill();
    await Bun.sleep(1000);
    await daemon.up();
    await eventually(
      async () =>
        (await daemon.berth("inspect", "-f", "{{.State.Status}}", "keeper")).stdout === "running\n",
    );
    await daemon.berth("rm", "-f", "keeper");
  });
});

hostStaysClean(suite);
