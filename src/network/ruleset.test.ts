import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  closeNamespace,
  enterNetworkNamespace,
  openNetworkNamespace,
  unshareNetworkNamespace,
} from "../linux/namespace.ts";
import { Nftables } from "../linux/nftables.ts";
import { rulesetDrifts } from "./check/ruleset-drift.ts";
import type { NetworkRecord, PublishedPort } from "./network-record.ts";
import {
  addElements,
  addNetwork,
  deleteElements,
  deleteNetwork,
  portElement,
  ruleCount,
  tableScript,
} from "./ruleset.ts";

const network = (device: string, more: Partial<NetworkRecord> = {}): NetworkRecord => ({
  id: device,
  name: device,
  driver: "bridge",
  created: "2026-01-01T00:00:00Z",
  device,
  ipv4: { subnet: "10.1.0.0/16", gateway: "10.1.0.1", reserved: {} },
  internal: false,
  attachable: false,
  ipam: { Driver: "default", Options: null, Config: null },
  options: {},
  labels: {},
  ...more,
});
const port = (hostIp: string, more: Partial<PublishedPort> = {}): PublishedPort => ({
  protocol: "tcp",
  containerPort: 80,
  hostIp,
  hostPort: 8080,
  ...more,
});

describe("portElement()", () => {
  const both = { ipv4: "10.1.0.2", ipv6: "fd00::2" };

  test.each([
    ["0.0.0.0", "any4", "tcp . 8080", "10.1.0.2 . 80"],
    ["192.0.2.1", "at4", "tcp . 192.0.2.1 . 8080", "10.1.0.2 . 80"],
    ["::", "any6", "tcp . 8080", "fd00::2 . 80"],
    ["2001:db8::1", "at6", "tcp . 2001:db8::1 . 8080", "fd00::2 . 80"],
  ])("%s goes into %s", (hostIp, map, key, target) => {
    expect(portElement(port(hostIp), both, "b0")).toEqual({
      map: map as "any4",
      key,
      target,
      device: "b0",
    });
  });

  test.each(["127.0.0.1", "127.1.2.3", "::1"])("%s is the relay's", (hostIp) => {
    expect(portElement(port(hostIp), both, "b0")).toBeUndefined();
  });

  test("so is a family that the container does not have", () => {
    expect(portElement(port("::"), { ipv4: "10.1.0.2" }, "b0")).toBeUndefined();
  });
});

describe("tableScript()", () => {
  let home: number;
  const nftables = new Nftables();
  const listing = () => JSON.stringify(nftables.list("list table inet probe"));

  beforeAll(() => {
    home = openNetworkNamespace("/proc/thread-self/ns/net");
    unshareNetworkNamespace();
  });
  afterAll(() => {
    nftables.close();
    enterNetworkNamespace(home);
    closeNamespace(home);
  });

  test("is understood, repeatable and replaces what was there", () => {
    const networks = [
      network("b0"),
      network("br-0123456789ab", {
        internal: true,
        ipv4: { subnet: "10.3.0.0/16", gateway: "10.3.0.1", reserved: {} },
        ipv6: { subnet: "fd00::/64", gateway: "fd00::1", reserved: {} },
      }),
      network("b2", {
        ipv4: { subnet: "10.2.0.0/16", gateway: "10.2.0.1", reserved: {} },
        options: { "com.docker.network.host_ipv4": "192.0.2.9" },
      }),
    ];
    const element = portElement(port("0.0.0.0"), { ipv4: "10.1.0.2" }, "b0");
    const elements = element === undefined ? [] : [element];
    nftables.run(tableScript("probe", networks, elements, ["docker0", "br-aaaaaaaaaaaa"]));
    const first = listing();
    expect(first).toContain("docker0");
    expect(first).toContain("192.0.2.9");
    expect(first).toContain("8080");
    nftables.run(tableScript("probe", networks.slice(0, 1), [], []));
    expect(listing()).not.toContain("br-0123456789ab");
    expect(listing()).not.toContain("8080");
  });

  test("a network that comes and goes leaves the rest alone, and the count of rules is told", () => {
    const ipv6 = { subnet: "fd00:1::/64", gateway: "fd00:1::1", reserved: {} };
    const stays = network("b0");
    const ipv4 = { subnet: "10.9.0.0/16", gateway: "10.9.0.1", reserved: {} };
    nftables.run(tableScript("probe", [stays], [], []));
    const rules = () =>
      nftables.list("list table inet probe").filter((object) => "rule" in object).length;
    expect(rules()).toBe(ruleCount([stays]));
    const before = listing();
    for (const internal of [false, true]) {
      const passing = network("b1", { ipv4, ipv6, internal });
      nftables.run(addNetwork("probe", passing));
      expect(rules()).toBe(ruleCount([stays, passing]));
      const now = listing();
      nftables.run(tableScript("whole", [stays, passing], [], []));
      const whole = nftables.list("list table inet whole");
      expect(rulesetDrifts(whole, nftables.list("list table inet probe"))).toEqual([]);
      expect(now).not.toBe(before);
      nftables.run(deleteNetwork("probe", passing));
      expect(listing()).toBe(before);
    }
  });

  test("elements of every kind are added and deleted", () => {
    nftables.run(tableScript("probe", [], [], []));
    const before = listing();
    const addresses = { ipv4: "10.1.0.2", ipv6: "fd00::2" };
    const elements = ["0.0.0.0", "192.0.2.1", "::", "2001:db8::1"].flatMap((hostIp) =>
      (["tcp", "udp", "sctp"] as const).flatMap(
        (protocol) => portElement(port(hostIp, { protocol }), addresses, "b0") ?? [],
      ),
    );
    expect(elements).toHaveLength(12);
    nftables.run(addElements("probe", elements));
    expect(listing()).toContain("2001:db8::1");
    nftables.run(deleteElements("probe", elements));
    expect(listing()).toBe(before);
  });
});
