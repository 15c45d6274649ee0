import { describe, expect, test } from "bun:test";
import { capturedRun } from "./testing/captured-run.ts";

const run = (...argv: string[]) => capturedRun(argv, { HOME: "/nowhere" });

describe("runCli()", () => {
  test("--version", async () => {
    expect(await run("--version")).toEqual({
      code: 0,
      out: "Berth version 1.2.3, build abc\n",
      err: "",
    });
  });

  test("a wrong flag: usage, hint, 125", async () => {
    expect(await run("ps", "--foo")).toEqual({
      code: 125,
      out: "",
      err: "unknown flag: --foo\n\nUsage:  berth ps [OPTIONS]\n\nRun 'berth ps --help' for more information\n",
    });
    expect((await run("--foo")).err).toBe(
      "unknown flag: --foo\n\nUsage:  berth [OPTIONS] COMMAND [ARG...]\n\nRun 'berth --help' for more information\n",
    );
  });

  test.each([
    [
      ["stop"],
      "berth: 'berth stop' requires at least 1 argument\n\nUsage:  berth stop [OPTIONS] CONTAINER [CONTAINER...]\n\nSee 'berth stop --help' for more information\n",
    ],
    [
      ["rename", "a"],
      "berth: 'berth rename' requires 2 arguments\n\nUsage:  berth rename CONTAINER NEW_NAME\n\nRun 'berth rename --help' for more information\n",
    ],
    [
      ["ps", "a"],
      "berth: 'berth ps' accepts no arguments\n\nUsage:  berth ps [OPTIONS]\n\nRun 'berth ps --help' for more information\n",
    ],
    [
      ["port"],
      "berth: 'berth port' requires at least 1 and at most 2 arguments\n\nUsage:  berth port CONTAINER [PRIVATE_PORT[/PROTO]]\n\nRun 'berth port --help' for more information\n",
    ],
    [["foo"], "berth: unknown command: berth foo\n\nRun 'berth --help' for more information\n"],
    [
      ["container", "foo"],
      "berth: unknown command: berth container foo\n\nUsage:  berth container\n\nRun 'berth container --help' for more information\n",
    ],
    [["help", "nope"], "unknown help topic: nope\n"],
    [["-l", "foo", "ps"], "Unable to parse logging level: foo\n"],
  ])("%j", async (argv, err) => {
    expect(await run(...argv)).toEqual({ code: 1, out: "", err });
  });

  test("run's own failures: 125 and a hint", async () => {
    const { code, err } = await run("run", "-p", "x", "busybox");
    expect(code).toBe(125);
    expect(err).toBe(
      "berth: invalid containerPort: x\n\nRun 'berth run --help' for more information\n",
    );
  });

  test("a daemon that is not there", async () => {
    const { code, err } = await run("-H", "unix:///nowhere.sock", "ps");
    expect(code).toBe(1);
    expect(err).toBe(
      "Cannot connect to the Berth daemon at unix:///nowhere.sock. Is the berth daemon running?\n",
    );
  });

  test("help of a command, as Docker lays it out", async () => {
    const { out } = await run("container", "ps", "--help");
    expect(out).toStartWith(`Usage:  berth container ls [OPTIONS]

List containers

Aliases:
  berth container ls, berth container list, berth container ps, berth ps

Options:
  -a, --all             Show all containers (default shows just running)
  -f, --filter filter   Filter output based on conditions provided
      --format string   Format output using a custom template:
                        'table':            Print output in table format
                        with column headers (default)
`);
    expect(out).toEndWith("  -s, --size            Display total file sizes\n");
  });

  test("help of groups goes where Docker's goes", async () => {
    expect((await run("image")).err).toStartWith(
      "Usage:  berth image COMMAND\n\nManage images\n\nCommands:\n",
    );
    expect((await run("image", "--help")).out).toStartWith("Usage:  berth image COMMAND\n");
    expect((await run("ps", "-h")).out).toStartWith(
      "Flag shorthand -h has been deprecated, use --help\n",
    );
    expect((await run("--help")).out).toContain(
      "\nManagement Commands:\n  builder     Manage builds\n",
    );
  });
});
