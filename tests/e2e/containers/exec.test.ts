import { describe, expect, test } from "bun:test";
import { COMMAND_LINES, commandLine, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  describe(`${name} exec`, () => {
    const box = `box-${name}`;
    test("runs beside the container's process", async () => {
      await cli("run", "-d", "--name", box, "-e", "A=1", "busybox", "sleep", "1000");
      const output = await cli("exec", box, "sh", "-c", "echo $A; echo err >&2; exit 7");
      expect(output).toEqual({ code: 7, stdout: "1\n", stderr: "err\n" });
    });
    test("-i feeds stdin and ends with it", async () => {
      const output = await cli("exec", "-i", box, "wc", "-c", { stdin: "12345" });
      expect(output.stdout.trim()).toBe("5");
    });
    test("-e -w -u", async () => {
      const flags = ["-e", "B=2", "-w", "/tmp", "-u", "33:33"];
      const output = await cli("exec", ...flags, box, "sh", "-c", "echo $B $(pwd) $(id -u)");
      expect(output.stdout).toBe("2 /tmp 33\n");
    });
    test("-d returns at once", async () => {
      expect(await cli("exec", "-d", box, "sh", "-c", "echo hi > /made")).toMatchObject({
        code: 0,
        stdout: "",
      });
      await Bun.sleep(200);
      expect((await cli("exec", box, "cat", "/made")).stdout).toBe("hi\n");
    });
    test("a missing program is 127, one that may not run 126", async () => {
      const missing = await cli("exec", box, "nope");
      expect(missing.code).toBe(127);
      expect(missing.stderr + missing.stdout).toContain("executable file not found in $PATH");
      expect((await cli("exec", box, "/etc/passwd")).code).toBe(126);
    });
    test("is under the container's seccomp and capabilities; --privileged is not", async () => {
      const status = "grep -E 'CapEff|Seccomp:' /proc/self/status | tr -d '\\t'";
      expect((await cli("exec", box, "sh", "-c", status)).stdout).toBe(
        "CapEff:00000000a80425fb\nSeccomp:2\n",
      );
      const privileged = (await cli("exec", "--privileged", box, "sh", "-c", status)).stdout;
      expect(privileged).toMatch(/CapEff:0000[01]+f+/);
    });
    test("20 at once all answer", async () => {
      const outputs = await Promise.all(
        Array.from({ length: 20 }, (_, index) => cli("exec", box, "echo", String(index))),
      );
      expect(outputs.map(({ stdout }) => stdout.trim())).toEqual(
        Array.from({ length: 20 }, (_, index) => String(index)),
      );
    });
    test("is refused in a container that is not running", async () => {
      await cli("stop", "-t", "0", box);
      const output = await cli("exec", box, "true");
      expect(output.code).toBe(1);
      expect(output.stderr).toMatch(/container [0-9a-f]{64} is not running/i);
      await cli("rm", box);
    });
  });
}

hostStaysClean(suite);
