import { describe, expect, test } from "bun:test";
import type { NetworkCheckReport } from "../../../src/spec/index.ts";
import { must, run } from "../../harness/daemon.ts";
import { eventually, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
const berth = async (...args: string[]) => must(await suite.daemon.berth(...args)).stdout.trim();
const check = () => suite.daemon.berth("network", "check");

/** The packet rules of this daemon: its table is the one that names its default bridge. */
async function table(): Promise<string> {
  const { stdout } = await run(["nft", "list", "tables", "inet"]);
  for (const [, name = ""] of stdout.matchAll(/table inet (\S+)/g)) {
    const { stdout: text } = await run(["nft", "list", "table", "inet", name]);
    if (text.includes(`"${suite.daemon.bridge}"`) && !name.includes("guard")) return name;
  }
  throw new Error("The daemon has no table");
}

describe("berth network check", () => {
  test("finds nothing amiss, and says so", async () => {
    await berth("network", "create", "--subnet", "10.78.0.0/24", "back");
    await berth(
      "run",
      "-d",
      "--name",
      "web",
      "--network",
      "back",
      "-p",
      "18078:80",
      "busybox",
      "httpd",
      "-f",
    );
    await berth("network", "connect", "bridge", "web");
    const { code, stdout } = await check();
    expect([code, stdout]).toEqual([0, "The networks are as they should be\n"]);
    expect((await suite.daemon.berth("network", "check", "-q")).stdout).toBe("");
  });

  test("tells each drift in a sentence, and repairs it", async () => {
    const bridge = `br-${(await berth("network", "inspect", "-f", "{{.Id}}", "back")).slice(0, 12)}`;
    await run(["ip", "link", "del", bridge]);
    const found = await check();
    expect(found.code).toBe(1);
    expect(found.stdout).toContain(`The bridge "${bridge}" of network "back" is missing\n`);
    const repaired = await suite.daemon.berth("network", "check", "--repair");
    expect(repaired.code).toBe(0);
    expect(repaired.stdout).toContain(
      `repaired: The bridge "${bridge}" of network "back" is missing`,
    );
    expect((await check()).code).toBe(0);
    await eventually(async () => (await fetch("http://10.78.0.2/")).status === 404, 5000);
  });

  test("the API tells the same: GET looks, POST repairs", async () => {
    await run([
      "ip",
      "addr",
      "del",
      "10.78.0.1/24",
      "dev",
      (await run(["sh", "-c", "ip -br addr | awk '/10.78.0.1/{print $1}'"])).stdout.trim(),
    ]);
    const ask = async (method: string) =>
      (await (
        await suite.daemon.api("/berth/networks/check", { method })
      ).json()) as NetworkCheckReport;
    const found = await ask("GET");
    expect(found.Found).toEqual([
      { Kind: "network", Problem: expect.stringContaining("lacks the address 10.78.0.1/24") },
    ]);
    expect(found.Remaining).toEqual(found.Found);
    expect((await ask("POST")).Remaining).toEqual([]);
  });

  test("a flush of all packet rules, or of ours, is mended within seconds without anybody's asking", async () => {
    const name = await table();
    const rules = async () => (await run(["nft", "list", "table", "inet", name])).stdout;
    const answers = async () => (await fetch("http://10.78.0.1:18078/")).status === 404;
    for (const flush of [["ruleset"], ["table", "inet", name]]) {
      must(await run(["nft", "flush", ...flush]));
      await eventually(async () => (await rules()).includes("18078"), 3000);
      await eventually(answers, 3000);
      expect((await check()).stdout).toBe("The networks are as they should be\n");
    }
    await berth("rm", "-f", "web");
    await berth("network", "rm", "back");
    expect((await check()).stdout).toBe("The networks are as they should be\n");
  });
});

hostStaysClean(suite);
