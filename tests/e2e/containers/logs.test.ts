import { describe, expect, test } from "bun:test";
import {
  COMMAND_LINES,
  commandLine,
  eventually,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

const suite = useDaemon();
const DRIVERS = ["local", "json-file"] as const;

const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join("");

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  for (const driver of DRIVERS) {
    describe(`${name} logs, driver ${driver}`, () => {
      const box = `log-${name}-${driver}`;
      test("gives back both streams", async () => {
        const script = "seq 1 1000; echo err >&2";
        await cli(
          "run",
          "-d",
          "--name",
          box,
          "--log-driver",
          driver,
          "busybox",
          "sh",
          "-c",
          script,
        );
        await cli("wait", box);
        const output = await cli("logs", box);
        expect(output.stdout).toBe(numbered(1, 1000));
        expect(output.stderr).toBe("err\n");
      });
      test("--tail, from the end", async () => {
        // The last record may be the line of stderr: as with Docker, it counts.
        const output = await cli("logs", "--tail", "10", box);
        const lines = (output.stdout + output.stderr).trim().split("\n");
        expect(lines).toHaveLength(10);
        expect(output.stdout).toContain("1000\n");
        expect((await cli("logs", "--tail", "0", box)).stdout).toBe("");
      });
      test("-t puts a time stamp before each line", async () => {
        const { stdout } = await cli("logs", "-t", "--tail", "3", box);
        for (const line of stdout.trim().split("\n")) {
          expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z \d+$/);
        }
      });
      test("--since and --until", async () => {
        expect((await cli("logs", "--since", "2030-01-01T00:00:00Z", box)).stdout).toBe("");
        expect((await cli("logs", "--until", "2000-01-01T00:00:00Z", box)).stdout).toBe("");
        expect((await cli("logs", "--since", "10m", box)).stdout).toBe(numbered(1, 1000));
        await cli("rm", box);
      });
      test("-f follows over rotation until the end", async () => {
        const limits = ["--log-opt", "max-size=20k", "--log-opt", "max-file=100"];
        const script = "i=1; while [ $i -le 9000 ]; do echo $i; i=$((i+1)); done";
        await cli(
          "create",
          "--name",
          box,
          "--log-driver",
          driver,
          ...limits,
          "busybox",
          "sh",
          "-c",
          script,
        );
        await cli("start", box);
        const output = await cli("logs", "-f", box);
        expect(output.stdout).toBe(numbered(1, 9000));
        await cli("rm", box);
      });
      test("is bounded: the oldest lines go", async () => {
        const limits = ["--log-opt", "max-size=20k", "--log-opt", "max-file=2"];
        await cli(
          "run",
          "--name",
          box,
          "--log-driver",
          driver,
          ...limits,
          "busybox",
          "seq",
          "1",
          "200000",
        );
        const { stdout } = await cli("logs", box);
        expect(stdout).toEndWith("200000\n");
        // Of 1.3 MB two files stay, each of 20 kB and the batch of lines that went over it.
        expect(stdout.length).toBeLessThan(400_000);
        await cli("rm", box);
      });
      test("holds a million lines and gives them back", async () => {
        await cli(
          "run",
          "-d",
          "--name",
          box,
          "--log-driver",
          driver,
          "--log-opt",
          "max-size=200m",
          "busybox",
          "seq",
          "1",
          "1000000",
        );
        await cli("wait", box);
        const { stdout } = await cli("logs", box);
        expect(stdout.length).toBe(6_888_896);
        expect(stdout).toEndWith("999999\n1000000\n");
        await cli("rm", box);
      });
    });
  }

  describe(`${name}: attach and other drivers`, () => {
    test("driver none keeps nothing and says so", async () => {
      await cli("run", "--name", "mute", "--log-driver", "none", "busybox", "echo", "hi");
      const output = await cli("logs", "mute");
      expect(output.code).toBe(1);
      expect(output.stderr).toContain("configured logging driver does not support reading");
      await cli("rm", "mute");
    });
    test("an unknown driver or option is refused", async () => {
      const driver = await cli("run", "--log-driver", "nope", "busybox", "true");
      expect(driver.code).toBe(125);
      const option = await cli("run", "--log-opt", "nope=1", "busybox", "true");
      expect(option.code).toBe(125);
      expect(option.stderr).toContain("unknown log opt 'nope'");
    });
    test("attach sees what comes, and detach keys leave the container running", async () => {
      await cli("run", "-di", "--name", "at", "busybox", "cat");
      // With stdin kept open for others the end of this input is not the end of the attachment.
      const output = await cli("attach", "at", { stdin: "hello\n", timeout: 1500 });
      expect(output.stdout).toBe("hello\n");
      await cli("rm", "-f", "at");
    });
    test("start -a -i gives what the container says and its exit code", async () => {
      await cli("create", "-i", "--name", "sa", "busybox", "sh", "-c", "cat; exit 6");
      const output = await cli("start", "-ai", "sa", { stdin: "through\n" });
      expect(output).toMatchObject({ code: 6, stdout: "through\n" });
      await cli("rm", "sa");
    });
    test("ten followers all see every line", async () => {
      const script = "i=1; while [ $i -le 200 ]; do echo $i; i=$((i+1)); sleep 0.002; done";
      await cli("run", "-d", "--name", "ten", "busybox", "sh", "-c", script);
      const outputs = await Promise.all(Array.from({ length: 10 }, () => cli("logs", "-f", "ten")));
      for (const { stdout } of outputs) expect(stdout).toBe(numbered(1, 200));
      await cli("rm", "ten");
    });
  });
}

test("syslog receives what a container writes", async () => {
  const received: string[] = [];
  const server = await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: {
      data: (_, data) => {
        received.push(data.toString());
      },
    },
  });
  const address = `udp://127.0.0.1:${server.port}`;
  const flags = [
    "--log-driver",
    "syslog",
    "--log-opt",
    `syslog-address=${address}`,
    "--log-opt",
    "tag=mine",
  ];
  await suite.daemon.berth("run", "--rm", ...flags, "busybox", "echo", "to syslog");
  await eventually(async () => received.some((line) => line.includes("to syslog")));
  expect(received.find((line) => line.includes("to syslog"))).toMatch(
    /^<30>.*mine\[\d+\]: to syslog/,
  );
  server.close();
});

hostStaysClean(suite);
