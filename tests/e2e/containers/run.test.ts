import { describe, expect, test } from "bun:test";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { COMMAND_LINES, commandLine, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const sh = async (script: string, ...flags: string[]) =>
    cli("run", "--rm", ...flags, "busybox", "sh", "-c", script);
  const line = async (script: string, ...flags: string[]) => {
    const output = await sh(script, ...flags);
    expect(output.stderr).toBe("");
    return output.stdout.trim();
  };

  describe(`${name} run: streams and exit codes`, () => {
    test("prints stdout and stderr apart", async () => {
      const output = await sh("echo out; echo err >&2");
      expect(output).toEqual({ code: 0, stdout: "out\n", stderr: "err\n" });
    });
    test("hands on the exit code", async () => {
      expect((await sh("exit 37")).code).toBe(37);
    });
    test("reports death by a signal as 128+n", async () => {
      // In a namespace of its own it would be the first process, which is deaf to its own signals.
      expect((await sh("kill -9 $$", "--pid", "host")).code).toBe(137);
    });
    test("feeds stdin and closes it", async () => {
      const output = await cli("run", "-i", "--rm", "busybox", "wc", "-c", { stdin: "hello\n" });
      expect(output.stdout.trim()).toBe("6");
    });
    test("moves 5 MB in and out without losing a byte", async () => {
      const data = Buffer.alloc(5_000_000, "0123456789abcdef\n");
      const output = await cli("run", "-i", "--rm", "busybox", "cat", { stdin: data });
      expect(output.stdout.length).toBe(data.length);
      expect(output.stdout).toBe(data.toString());
    });
    test("answers 127 for a missing program", async () => {
      const output = await cli("run", "--rm", "busybox", "no-such-program");
      expect(output.code).toBe(127);
      expect(output.stderr).toContain(
        'exec: "no-such-program": executable file not found in $PATH',
      );
    });
    test("answers 126 for what cannot be executed", async () => {
      const output = await cli("run", "--rm", "busybox", "/etc/passwd");
      expect(output.code).toBe(126);
      expect(output.stderr).toContain("permission denied");
    });
    test("answers 125 for an unknown flag", async () => {
      const output = await cli("run", "--no-such-flag", "busybox");
      expect(output.code).toBe(125);
      expect(output.stderr).toContain("unknown flag: --no-such-flag");
    });
    test("-d prints the id and leaves the container running", async () => {
      const output = await cli("run", "-d", "busybox", "sleep", "100");
      const id = output.stdout.trim();
      expect(id).toMatch(/^[0-9a-f]{64}$/);
      expect((await cli("ps", "-q", "--no-trunc")).stdout).toContain(id);
      expect((await cli("rm", "-f", id)).stdout.trim()).toBe(id);
    });
    test("--rm removes the container with its end", async () => {
      await sh("true", "--name", "short-lived");
      expect((await cli("ps", "-aq", "--filter", "name=short-lived")).stdout).toBe("");
    });
  });

  describe(`${name} run: the process`, () => {
    test("-e, --env-file, -w, -u, -h, --entrypoint, -l", async () => {
      const directory = await mkdtemp(join(suite.daemon.root, "env-"));
      await writeFile(join(directory, "env"), "FROM_FILE=2\n# comment\nINHERITED\n");
      const flags = ["-e", "A=1", "--env-file", join(directory, "env"), "-w", "/tmp", "-h", "box"];
      const script = "echo $A $FROM_FILE $INHERITED $(pwd) $(hostname) $(id -u):$(id -g)";
      const output = await cli(
        "run",
        "--rm",
        ...flags,
        "-u",
        "www-data",
        "busybox",
        "sh",
        "-c",
        script,
        {
          env: { INHERITED: "yes" },
        },
      );
      expect(output.stdout.trim()).toBe("1 2 yes /tmp box 33:33");
      const entry = await cli("run", "--rm", "--entrypoint", "echo", "busybox", "hi");
      expect(entry.stdout).toBe("hi\n");
    });
    test("runs with Docker's default capabilities, seccomp and no-new-privileges as told", async () => {
      const status = await line("grep -E 'CapEff|Seccomp:|NoNewPrivs' /proc/self/status");
      expect(status.replaceAll("\t", " ").split("\n")).toEqual([
        "CapEff: 00000000a80425fb",
        "NoNewPrivs: 0",
        "Seccomp: 2",
      ]);
      const strict = await line(
        "grep -E 'CapEff|NoNewPrivs' /proc/self/status",
        ...["--cap-drop", "ALL", "--cap-add", "CHOWN", "--security-opt", "no-new-privileges"],
      );
      expect(strict.replaceAll("\t", " ")).toBe("CapEff: 0000000000000001\nNoNewPrivs: 1");
    });
    test("--security-opt seccomp=unconfined", async () => {
      expect(
        await line("grep Seccomp: /proc/self/status", "--security-opt", "seccomp=unconfined"),
      ).toBe("Seccomp:\t0");
    });
    test("hides the host: masked paths, own pids, three descriptors", async () => {
      expect(
        await line(
          "set -- /proc/[1-9]*; echo $#; ls /proc/self/fd | wc -l; wc -c < /proc/timer_list",
        ),
      ).toBe("1\n4\n0");
      expect(
        await line(
          "ls /sys/firmware | wc -l; echo x 2>/dev/null > /proc/sys/kernel/panic || echo ro",
        ),
      ).toBe("0\nro");
      expect(
        await line("cat /proc/self/mountinfo | grep -c -e /var/lib -e be2e-.*layers || true"),
      ).not.toBe("host paths");
    });
    test("--privileged sees devices and may mount", async () => {
      expect(
        await line(
          "mount -t tmpfs none /mnt 2>/dev/null || mkdir /m && mount -t tmpfs none /m && echo ok",
          "--privileged",
        ),
      ).toBe("ok");
    });
    test("--read-only, --tmpfs, --shm-size", async () => {
      const flags = ["--read-only", "--tmpfs", "/scratch:size=1m", "--shm-size", "32m"];
      const script =
        "touch /x 2>/dev/null || echo ro; touch /scratch/y && df -k /scratch /dev/shm | awk 'NR>1{print $2}'";
      expect(await line(script, ...flags)).toBe("ro\n1024\n32768");
    });
    test("--ulimit, --sysctl, --group-add, --oom-score-adj", async () => {
      const flags = [
        "--ulimit",
        "nofile=512:600",
        "--sysctl",
        "net.ipv4.ip_unprivileged_port_start=80",
      ];
      const more = ["--group-add", "1234", "--oom-score-adj", "500"];
      const script =
        "ulimit -n; ulimit -Hn; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; id -G; cat /proc/self/oom_score_adj";
      expect(await line(script, ...flags, ...more)).toBe("512\n600\n80\n0 10 1234\n500");
    });
    test("--memory, --cpus and --pids-limit reach the cgroup", async () => {
      const id = (
        await cli(
          "run",
          "-d",
          "-m",
          "64m",
          "--cpus",
          "0.5",
          "--pids-limit",
          "50",
          "busybox",
          "sleep",
          "100",
        )
      ).stdout.trim();
      const inspect = JSON.parse((await cli("inspect", id)).stdout)[0];
      expect(inspect.HostConfig.Memory).toBe(64 * 1024 * 1024);
      const cgroups = await readFile(`/proc/${inspect.State.Pid}/cgroup`, "utf8");
      const memory = /:memory:(\S+)/.exec(cgroups)?.[1];
      const limit = await readFile(`/sys/fs/cgroup/memory${memory}/memory.limit_in_bytes`, "utf8");
      expect(limit.trim()).toBe(String(64 * 1024 * 1024));
      const pids = /:pids:(\S+)/.exec(cgroups)?.[1];
      expect((await readFile(`/sys/fs/cgroup/pids${pids}/pids.max`, "utf8")).trim()).toBe("50");
      const cpu = /:cpu:(\S+)/.exec(cgroups)?.[1];
      const quota = await readFile(`/sys/fs/cgroup/cpu${cpu}/cpu.cfs_quota_us`, "utf8");
      expect(quota.trim()).toBe("50000");
      await cli("rm", "-f", id);
    });
    test("is killed when it takes more memory than its limit, and says so", async () => {
      const output = await cli(
        "run",
        "--name",
        "glutton",
        "-m",
        "16m",
        "busybox",
        "sh",
        "-c",
        "tail /dev/zero",
      );
      expect(output.code).toBe(137);
      const inspect = JSON.parse((await cli("inspect", "glutton")).stdout)[0];
      expect(inspect.State.OOMKilled).toBe(true);
      await cli("rm", "glutton");
    });
    test("--init reaps and forwards", async () => {
      expect(await line("cat /proc/1/comm", "--init")).toMatch(/init|tini/);
    });
    test("--pid host, --ipc host, --uts host", async () => {
      expect(Number(await line("echo /proc/[1-9]* | wc -w", "--pid", "host"))).toBeGreaterThan(10);
      const host = (await readFile("/proc/sys/kernel/hostname", "utf8")).trim();
      expect(await line("hostname", "--uts", "host")).toBe(host);
    });
    test("--device hands in a device", async () => {
      expect(await line("ls -l /dev/mine | cut -c1", "--device", "/dev/null:/dev/mine")).toBe("c");
    });
    test("--gpus is refused in words", async () => {
      const output = await cli("run", "--rm", "--gpus", "all", "busybox", "true");
      expect(output.code).toBe(125);
      expect(output.stderr).toContain(
        'could not select device driver "" with capabilities: [[gpu]]',
      );
    });
    test("--cidfile", async () => {
      const file = join(await mkdtemp(join(suite.daemon.root, "cid-")), "cid");
      await cli("run", "--rm", "--cidfile", file, "busybox", "true");
      expect(await readFile(file, "utf8")).toMatch(/^[0-9a-f]{64}$/);
      const again = await cli("run", "--rm", "--cidfile", file, "busybox", "true");
      expect(again.code).toBe(125);
    });
  });

  describe(`${name} run: data`, () => {
    test("bind mounts with -v and --mount, read-only and not", async () => {
      const directory = await mkdtemp(join(suite.daemon.root, "bind-"));
      await sh("echo written > /data/file", "-v", `${directory}:/data`);
      expect(await readFile(join(directory, "file"), "utf8")).toBe("written\n");
      expect(
        await line("cat /d/file; touch /d/x 2>/dev/null || echo ro", "-v", `${directory}:/d:ro`),
      ).toBe("written\nro");
      const mount = `type=bind,source=${directory},target=/m,readonly`;
      expect(await line("cat /m/file", "--mount", mount)).toBe("written");
    });
    test("-v makes a missing source, --mount refuses it", async () => {
      const directory = await mkdtemp(join(suite.daemon.root, "missing-"));
      expect(await line("ls /d | wc -l", "-v", `${directory}/a:/d`)).toBe("0");
      const refused = await sh("true", "--mount", `type=bind,source=${directory}/b,target=/d`);
      expect(refused.code).toBe(125);
      expect(refused.stderr).toContain("bind source path does not exist");
    });
    test("a named volume outlives its containers", async () => {
      await sh("echo kept > /v/file", "-v", `kept-${name}:/v`);
      expect(await line("cat /v/file", "-v", `kept-${name}:/v`)).toBe("kept");
    });
    test("--volumes-from shares", async () => {
      await cli(
        "run",
        "--name",
        "owner",
        "-v",
        "/shared",
        "busybox",
        "sh",
        "-c",
        "echo 1 > /shared/f",
      );
      expect(await line("cat /shared/f", "--volumes-from", "owner")).toBe("1");
      await cli("rm", "-v", "owner");
    });
  });
}

hostStaysClean(suite);
