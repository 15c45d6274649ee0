import { describe, expect, test } from "bun:test";
import { eventually, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
const counter = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.005; done";

describe("the supervisor is killed", () => {
  test("containers without a tty go on and lose no line", async () => {
    const { daemon } = suite;
    const id = (await daemon.berth("run", "-d", "busybox", "sh", "-c", counter)).stdout.trim();
    for (let round = 0; round < 5; round++) {
      await Bun.sleep(150);
      const pid = await daemon.supervisorPid();
      process.kill(pid, "SIGKILL");
      await eventually(async () => (await daemon.supervisorPid().catch(() => pid)) !== pid);
    }
    await Bun.sleep(300);
    expect((await daemon.berth("inspect", "-f", "{{.State.Status}}", id)).stdout).toBe("running\n");
    const lines = (await daemon.berth("logs", id)).stdout.trim().split("\n").map(Number);
    expect(lines.length).toBeGreaterThan(50);
    expect(lines).toEqual(lines.map((_, index) => index + 1));
    expect((await daemon.berth("exec", id, "echo", "works")).stdout).toBe("works\n");
    await daemon.berth("rm", "-f", id);
  });

  test("an exit code is not lost, whenever the container ends", async () => {
    const { daemon } = suite;
    for (let round = 0; round < 6; round++) {
      const script = `sleep 0.${round}; echo said; exit ${20 + round}`;
      await daemon.berth("run", "-d", "--name", "mortal", "busybox", "sh", "-c", script);
      await Bun.sleep(100);
      process.kill(await daemon.supervisorPid(), "SIGKILL");
      const wait = await daemon.berth("wait", "mortal");
      expect(wait.stdout.trim()).toBe(String(20 + round));
      expect((await daemon.berth("logs", "mortal")).stdout).toBe("said\n");
      await daemon.berth("rm", "mortal");
    }
  });

  test("together with the daemon: both come back and know everything", async () => {
    const { daemon } = suite;
    await daemon.berth("run", "-d", "--name", "both", "busybox", "sh", "-c", counter);
    await daemon.berth("run", "-d", "--name", "short", "busybox", "sh", "-c", "sleep 0.4; exit 11");
    const supervisor = await daemon.supervisorPid();
    process.kill(supervisor, "SIGKILL");
    await daemon.kill();
    await daemon.up();
    expect((await daemon.berth("inspect", "-f", "{{.State.Status}}", "both")).stdout).toBe(
      "running\n",
    );
    expect((await daemon.berth("wait", "short")).stdout).toBe("11\n");
    await daemon.berth("rm", "-f", "both", "short");
  });
});

hostStaysClean(suite);
