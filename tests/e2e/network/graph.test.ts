import { describe, expect, test } from "bun:test";
import { must } from "../../harness/daemon.ts";
import { useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
const berth = async (...args: string[]) => must(await suite.daemon.berth(...args));

describe("berth network graph", () => {
  test("tells networks, members, addresses and published ports", async () => {
    await berth("network", "create", "--subnet", "10.77.0.0/24", "back");
    await berth("run", "-d", "--name", "db", "--network", "back", "busybox", "sleep", "100");
    await berth(
      "run",
      "-d",
      "--name",
      "web",
      "-p",
      "127.0.0.1:18077:80",
      "busybox",
      "sleep",
      "100",
    );
    await berth("network", "connect", "back", "web");
    const text = (await berth("network", "graph", "back")).stdout;
    expect(text).toBe(
      [
        "back (bridge, 10.77.0.0/24)",
        "├─ db  10.77.0.2",
        "└─ web  10.77.0.3",
        "      127.0.0.1:18077 → 80/tcp",
        "",
      ].join("\n"),
    );
    expect((await berth("network", "graph")).stdout).toContain("bridge (bridge, ");
    expect((await berth("network", "graph", "--format", "svg")).stdout).toContain(">web</text>");
    await berth("rm", "-f", "db", "web");
    await berth("network", "rm", "back");
  });

  test("says what is wrong", async () => {
    const unknown = await suite.daemon.berth("network", "graph", "nowhere");
    expect(unknown.stderr).toContain("network nowhere not found");
    const format = await suite.daemon.berth("network", "graph", "--format", "png");
    expect(format.stderr).toContain('unknown format "png": use text, dot or svg');
  });
});
