import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  closeNamespace,
  enterNetworkNamespace,
  openNetworkNamespace,
  unshareNetworkNamespace,
} from "../linux/namespace.ts";
import { Nftables } from "../linux/nftables.ts";
import { ForwardAccept } from "./forward-accept.ts";

const iptables = (...args: string[]): string[] => {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["iptables", ...args]);
  if (exitCode !== 0) throw new Error(stderr.toString());
  return stdout.toString().trim().split("\n");
};
const accept = (direction: string, device: string) =>
  `${direction} ${device} -m comment --comment "berth-t" -j ACCEPT`;
const bare = (lines: string[]) => lines.map((line) => line.replaceAll('"', ""));
const rules = (chain: string) =>
  bare(iptables("-S", chain)).filter((line) => line.startsWith("-A"));
const wanted = (chain: string, device: string) =>
  bare([`-A ${chain} ${accept("-i", device)}`, `-A ${chain} ${accept("-o", device)}`]);

// Without iptables there is nobody to read these rules with.
describe.skipIf(Bun.which("iptables") === null)("ForwardAccept", () => {
  let home: number;
  let nftables: Nftables;
  let forward: ForwardAccept;

  beforeEach(() => {
    home = openNetworkNamespace("/proc/thread-self/ns/net");
    unshareNetworkNamespace();
    nftables = new Nftables();
    forward = new ForwardAccept(nftables, "berth-t");
  });
  afterEach(() => {
    nftables.close();
    enterNetworkNamespace(home);
    closeNamespace(home);
  });

  test("leaves a host alone that has no filter or accepts by default", () => {
    forward.apply(["berth0"]);
    expect(nftables.list("list ruleset").filter((object) => "table" in object)).toEqual([]);
    iptables("-A", "FORWARD", "-i", "eth7", "-j", "ACCEPT");
    forward.apply(["berth0"]);
    expect(rules("FORWARD")).toEqual(["-A FORWARD -i eth7 -j ACCEPT"]);
  });

  test("appends to FORWARD when its policy is DROP, once", () => {
    iptables("-P", "FORWARD", "DROP");
    iptables("-A", "FORWARD", "-i", "eth7", "-j", "DROP");
    forward.apply(["berth0"]);
    forward.apply(["berth0"]);
    expect(rules("FORWARD")).toEqual([
      "-A FORWARD -i eth7 -j DROP",
      ...wanted("FORWARD", "berth0"),
    ]);
  });

  test("goes before the end of DOCKER-USER and behind what the administrator wrote", () => {
    iptables("-P", "FORWARD", "DROP");
    forward.apply(["berth0"]);
    iptables("-N", "DOCKER-USER");
    iptables("-A", "DOCKER-USER", "-i", "eth7", "-j", "DROP");
    iptables("-A", "DOCKER-USER", "-j", "RETURN");
    forward.apply(["berth0", "br-1"]);
    const expected = [
      "-A DOCKER-USER -i eth7 -j DROP",
      ...wanted("DOCKER-USER", "berth0"),
      ...wanted("DOCKER-USER", "br-1"),
      "-A DOCKER-USER -j RETURN",
    ];
    expect(rules("DOCKER-USER")).toEqual(expected);
    expect(rules("FORWARD")).toEqual([]);
    forward.apply(["br-1", "berth0"]);
    expect(rules("DOCKER-USER")).toEqual(expected);
  });

  test("follows the bridges and leaves nothing behind", () => {
    iptables("-P", "FORWARD", "DROP");
    iptables("-N", "DOCKER-USER");
    forward.apply(["berth0", "br-1"]);
    forward.apply(["berth0"]);
    expect(rules("DOCKER-USER")).toEqual(wanted("DOCKER-USER", "berth0"));
    new ForwardAccept(nftables, "berth").cleanUp();
    expect(rules("DOCKER-USER")).toEqual(wanted("DOCKER-USER", "berth0"));
    forward.cleanUp();
    expect(rules("DOCKER-USER")).toEqual([]);
  });

  test("comes back in front when RETURN was put before it", () => {
    iptables("-N", "DOCKER-USER");
    forward.apply(["berth0"]);
    iptables("-I", "DOCKER-USER", "-j", "RETURN");
    forward.apply(["berth0"]);
    expect(rules("DOCKER-USER")).toEqual([
      ...wanted("DOCKER-USER", "berth0"),
      "-A DOCKER-USER -j RETURN",
    ]);
  });
});
