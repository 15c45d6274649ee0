import { describe, expect, test } from "bun:test";
import {
  COMMAND_LINES,
  commandLine,
  eventually,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

const suite = useDaemon();

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const state = async (ref: string) =>
    JSON.parse((await cli("inspect", ref)).stdout)[0].State as {
      Status: string;
      ExitCode: number;
      Pid: number;
    };

  /** The container's shell has said so often that its traps are set. */
  const ready = (ref: string, times: number) =>
    eventually(async () => (await cli("logs", ref)).stdout === "ready\n".repeat(times));

  describe(`${name}: from create to rm`, () => {
    test("create, start, stop, start, restart, rm", async () => {
      const script = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done";
      await cli("create", "--name", "aa", "busybox", "sh", "-c", script);
      expect((await state("aa")).Status).toBe("created");
      expect((await cli("start", "aa")).stdout).toBe("aa\n");
      expect((await state("aa")).Status).toBe("running");
      expect((await cli("start", "aa")).code).toBe(0);
      expect((await cli("stop", "aa")).stdout).toBe("aa\n");
      expect(await state("aa")).toMatchObject({ Status: "exited", ExitCode: 5, Pid: 0 });
      await cli("start", "aa");
      const first = (await state("aa")).Pid;
      await cli("restart", "-t", "5", "aa");
      const second = (await state("aa")).Pid;
      expect(second).not.toBe(first);
      const refused = await cli("rm", "aa");
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(
        "container is running: stop the container before removing or force remove",
      );
      expect((await cli("rm", "-f", "aa")).code).toBe(0);
      expect((await cli("inspect", "aa")).code).toBe(1);
    });
    test("stop kills what does not end in time", async () => {
      await cli(
        "run",
        "-d",
        "--name",
        "stubborn",
        "busybox",
        "sh",
        "-c",
        "trap '' TERM; while :; do sleep 0.1; done",
      );
      const started = Date.now();
      await cli("stop", "-t", "1", "stubborn");
      expect(Date.now() - started).toBeLessThan(5000);
      expect((await state("stubborn")).ExitCode).toBe(137);
      await cli("rm", "stubborn");
    });
    test("--stop-signal and kill -s", async () => {
      const script = "trap 'exit 9' USR1; echo ready; while :; do sleep 0.05; done";
      await cli(
        "run",
        "-d",
        "--name",
        "usr",
        "--stop-signal",
        "USR1",
        "busybox",
        "sh",
        "-c",
        script,
      );
      await ready("usr", 1);
      await cli("stop", "usr");
      expect((await state("usr")).ExitCode).toBe(9);
      await cli("start", "usr");
      await ready("usr", 2);
      await cli("kill", "-s", "SIGUSR1", "usr");
      expect((await cli("wait", "usr")).stdout.trim()).toBe("9");
      const dead = await cli("kill", "usr");
      expect(dead.code).toBe(1);
      expect(dead.stderr).toMatch(/is not running/);
      await cli("rm", "usr");
    });
    test("pause and unpause", async () => {
      await cli(
        "run",
        "-d",
        "--name",
        "frozen",
        "busybox",
        "sh",
        "-c",
        "i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done",
      );
      expect((await cli("pause", "frozen")).code).toBe(0);
      expect((await state("frozen")).Status).toBe("paused");
      const before = (await cli("logs", "frozen")).stdout;
      await Bun.sleep(200);
      expect((await cli("logs", "frozen")).stdout).toBe(before);
      expect((await cli("pause", "frozen")).stderr).toContain("is already paused");
      await cli("unpause", "frozen");
      await eventually(async () => (await cli("logs", "frozen")).stdout.length > before.length);
      await cli("rm", "-f", "frozen");
    });
    test("rename, and names that are taken", async () => {
      await cli("create", "--name", "one", "busybox");
      await cli("rename", "one", "two");
      const taken = await cli("create", "--name", "two", "busybox");
      expect(taken.code).toBe(1);
      expect(taken.stderr).toMatch(
        /Conflict\. The container name "\/two" is already in use by container "[0-9a-f]{64}"\. You have to remove \(or rename\) that container to be able to reuse that name\./,
      );
      await cli("rm", "two");
    });
    test("wait answers for several, top and port and inspect -f", async () => {
      await cli("run", "-d", "--name", "w1", "busybox", "sh", "-c", "sleep 0.2; exit 3");
      await cli("run", "-d", "--name", "w2", "busybox", "sh", "-c", "exit 4");
      expect((await cli("wait", "w1", "w2")).stdout).toBe("3\n4\n");
      await cli("rm", "w1", "w2");
      await cli("run", "-d", "--name", "topped", "-p", "127.0.0.1::80", "busybox", "sleep", "321");
      expect((await cli("top", "topped")).stdout).toContain("sleep 321");
      expect((await cli("port", "topped", "80")).stdout).toMatch(/^127\.0\.0\.1:\d+\n$/);
      expect(
        (await cli("inspect", "-f", "{{.State.Status}} {{.Config.Image}}", "topped")).stdout,
      ).toBe("running busybox\n");
      await cli("rm", "-f", "topped");
    });
    test("ps with filters, formats and quiet", async () => {
      await cli("run", "-d", "--name", "p1", "-l", "team=a", "busybox", "sleep", "100");
      await cli("create", "--name", "p2", "-l", "team=a", "busybox");
      const names = async (...flags: string[]) =>
        (await cli("ps", "--format", "{{.Names}}", ...flags)).stdout.trim().split("\n").sort();
      expect(await names()).toEqual(["p1"]);
      expect(await names("-a", "--filter", "label=team=a")).toEqual(["p1", "p2"]);
      expect(await names("-a", "--filter", "status=created")).toEqual(["p2"]);
      const table = (await cli("ps")).stdout.split("\n");
      expect(table[0]).toMatch(
        /^CONTAINER ID {3}IMAGE {5}COMMAND {7}CREATED +STATUS +PORTS +NAMES$/,
      );
      expect(table[1]).toMatch(/^[0-9a-f]{12} {3}busybox {3}"sleep 100" {3}\S.* ago +Up .* p1$/);
      await cli("rm", "-f", "p1", "p2");
    });
    test("update changes the limits of a running container", async () => {
      await cli("run", "-d", "--name", "updated", "-m", "64m", "busybox", "sleep", "100");
      expect(
        (await cli("update", "-m", "128m", "--memory-swap", "-1", "--restart", "always", "updated"))
          .code,
      ).toBe(0);
      const inspect = JSON.parse((await cli("inspect", "updated")).stdout)[0];
      expect(inspect.HostConfig.Memory).toBe(128 * 1024 * 1024);
      expect(inspect.HostConfig.RestartPolicy.Name).toBe("always");
      await cli("rm", "-f", "updated");
    });
    test("stats once", async () => {
      await cli("run", "-d", "--name", "stated", "-m", "64m", "busybox", "sleep", "100");
      const row = (
        await cli("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}} {{.PIDs}}", "stated")
      ).stdout;
      expect(row).toMatch(/^stated \S+ ?\S* \/ 64MiB 1\n$/);
      await cli("rm", "-f", "stated");
    });
    test("events tell what happened, in order", async () => {
      const since = String(Math.floor(Date.now() / 1000) - 1);
      await cli("run", "--rm", "--name", "eventful", "busybox", "true");
      const filters = ["--filter", "container=eventful", "--since", since, "--until", "1s"];
      // The docker CLI cuts `1s` ago down to a whole second.
      await Bun.sleep(2100);
      const output = await cli("events", ...filters, "--format", "{{.Action}}");
      expect(output.stdout.trim().split("\n")).toEqual([
        "create",
        "attach",
        "start",
        "die",
        "destroy",
      ]);
    });
    test("container prune removes what has ended", async () => {
      await cli("create", "--name", "ended", "busybox");
      const output = await cli("container", "prune", "-f");
      expect(output.stdout).toContain("Deleted Containers:");
      expect((await cli("ps", "-aq")).stdout).toBe("");
    });
  });

  describe(`${name}: restart policies and health`, () => {
    test("on-failure:2 tries twice more and stops", async () => {
      await cli(
        "run",
        "-d",
        "--name",
        "failing",
        "--restart",
        "on-failure:2",
        "busybox",
        "sh",
        "-c",
        "echo try; exit 1",
      );
      await eventually(async () => (await state("failing")).Status === "exited");
      expect((await cli("logs", "failing")).stdout).toBe("try\ntry\ntry\n");
      expect(JSON.parse((await cli("inspect", "failing")).stdout)[0].RestartCount).toBe(2);
      await cli("rm", "failing");
    });
    test("always comes back, and not after stop", async () => {
      await cli("run", "-d", "--name", "eternal", "--restart", "always", "busybox", "sleep", "100");
      const { Pid } = await state("eternal");
      process.kill(Pid, "SIGKILL");
      await eventually(async () => {
        const now = await state("eternal");
        return now.Status === "running" && now.Pid !== Pid;
      });
      await cli("stop", "-t", "0", "eternal");
      await Bun.sleep(400);
      expect((await state("eternal")).Status).toBe("exited");
      await cli("rm", "eternal");
    });
    test("a health check turns healthy and unhealthy", async () => {
      const flags = [
        "--health-cmd",
        "test -e /ok",
        "--health-interval",
        "200ms",
        "--health-retries",
        "2",
      ];
      await cli(
        "run",
        "-d",
        "--name",
        "patient",
        ...flags,
        "busybox",
        "sh",
        "-c",
        "touch /ok; sleep 100",
      );
      const health = async () =>
        (await cli("inspect", "-f", "{{.State.Health.Status}}", "patient")).stdout.trim();
      await eventually(async () => (await health()) === "healthy");
      expect((await cli("ps")).stdout).toContain("(healthy)");
      await cli("exec", "patient", "rm", "/ok");
      await eventually(async () => (await health()) === "unhealthy");
      await cli("rm", "-f", "patient");
    });
  });
}

hostStaysClean(suite);
