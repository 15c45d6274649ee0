import { describe, expect, test } from "bun:test";
import { classifyStartFailure, runtimeMessage } from "./start-failure.ts";

const log = (msg: string) =>
  `${JSON.stringify({ msg: "a warning", level: "warning" })}\n${JSON.stringify({ msg, level: "error" })}\n`;
const CREATE =
  "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ";

describe("classifyStartFailure()", () => {
  const cases: [string, string, number, string][] = [
    // crun
    [
      "executable file `nope` not found in $PATH: No such file or directory",
      "nope",
      127,
      'exec: "nope": executable file not found in $PATH',
    ],
    [
      "executable file `/nope` not found in $PATH: No such file or directory",
      "/nope",
      127,
      'exec: "/nope": stat /nope: no such file or directory',
    ],
    [
      "open executable: Permission denied",
      "/etc/passwd",
      126,
      'exec: "/etc/passwd": permission denied',
    ],
    ["open executable: Operation not permitted", "/etc", 126, 'exec: "/etc": permission denied'],
    [
      "exec container process (missing dynamic library?) `/bin/x`: No such file or directory",
      "/bin/x",
      127,
      "exec /bin/x: no such file or directory",
    ],
    [
      "chdir `/nodir`: No such file or directory",
      "true",
      128,
      'chdir to cwd ("/nodir") set in config.json failed: no such file or directory',
    ],
    [
      "mount_setattr `/srv/overlay`: Invalid argument",
      "true",
      128,
      "cannot map the owners of /srv/overlay: its file system cannot do that (ext4, xfs, btrfs, f2fs and tmpfs can, overlay cannot)",
    ],
    [
      "mount `/etc` to `etc/passwd`: Not a directory",
      "true",
      127,
      "mount `/etc` to `etc/passwd`: not a directory: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type",
    ],
    [
      "write to /proc/self/oom_score_adj: Permission denied",
      "true",
      128,
      "write to /proc/self/oom_score_adj: permission denied",
    ],
    // runc
    [
      'runc run failed: unable to start container process: exec: "nope": executable file not found in $PATH',
      "nope",
      127,
      'exec: "nope": executable file not found in $PATH',
    ],
  ];
  for (const [message, argv0, exitCode, text] of cases) {
    test(message, () => {
      const failure = classifyStartFailure(log(message), argv0);
      expect(failure.exitCode).toBe(exitCode as 126);
      expect(failure.message).toBe(`${CREATE}${text}: unknown`);
    });
  }

  test("has exec's own prefix", () => {
    const failure = classifyStartFailure(
      log("executable file `nope` not found in $PATH: No such file or directory"),
      "nope",
      "exec",
    );
    expect(failure).toEqual({
      exitCode: 127,
      kind: "invalid-argument",
      message:
        'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
    });
  });

  test("tells of a working directory that is a file as Docker does", () => {
    for (const said of [
      "chdir `/etc/passwd`: Not a directory",
      "runc run failed: unable to start container process: error during container init: mkdir /etc/passwd: not a directory",
    ]) {
      expect(classifyStartFailure(log(said), "true")).toEqual({
        exitCode: 128,
        kind: "internal",
        message: "Cannot mkdir: /etc/passwd is not a directory",
      });
    }
  });

  test("makes do without a log", () => {
    expect(classifyStartFailure("", "true").message).toContain("the runtime gave no reason");
    expect(classifyStartFailure("Killed\n", "true").message).toContain("Killed");
  });
});

test("runtimeMessage() takes the last error", () => {
  expect(runtimeMessage(`${log("first")}${log("second")}`)).toBe("second");
  expect(runtimeMessage("a warning\nwhat happened\n")).toBe("what happened");
});
