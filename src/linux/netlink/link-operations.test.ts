import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import {
  closeNamespace,
  enterNetworkNamespace,
  inNetworkNamespace,
  openNetworkNamespace,
  unshareNetworkNamespace,
} from "../namespace.ts";
import { type Cable, LinkOperations } from "./link-operations.ts";
import { LinkThread } from "./link-thread.ts";

const BRIDGE = "lotest0";
const bridge = {
  name: BRIDGE,
  alias: "berth test",
  macAddress: "02:42:0a:00:00:01",
  mtu: 1400,
  addresses: [
    { address: "10.77.0.1", prefix: 16 },
    { address: "fd77::1", prefix: 64 },
  ],
};
const cable = (number: number): Cable => ({
  to: { hostDevice: `lotestv${number}`, bridge: BRIDGE },
  device: "eth0",
  macAddress: `02:42:0a:4d:00:${(number + 16).toString(16)}`,
  mtu: 1400,
  addresses: [{ address: `10.77.0.${number}`, prefix: 16 }],
  gateways: ["10.77.0.1"],
  direct: [],
  isolated: false,
  sysctls: {},
});

const astray = (number: number): Cable => ({
  ...cable(number),
  to: { hostDevice: `lotestv${number}`, bridge: "missing" },
});

/** What a process inside of the namespace would see. */
const inside = (fd: number) =>
  inNetworkNamespace(fd, () => {
    const operations = new LinkOperations();
    try {
      return operations.hostLinks();
    } finally {
      operations.close();
    }
  });

/** The message of what a promise is rejected with. */
const failure = async (promise: Promise<unknown>): Promise<string> =>
  await promise.then(
    () => "did not fail",
    (error: Error) => error.message,
  );

describe("LinkOperations", () => {
  let home: number;
  let operations: LinkOperations;

  beforeAll(() => {
    home = openNetworkNamespace("/proc/thread-self/ns/net");
    unshareNetworkNamespace();
    operations = new LinkOperations();
  });
  afterAll(() => {
    operations.close();
    enterNetworkNamespace(home);
    closeNamespace(home);
  });

  test("ensureBridge() makes a bridge once and corrects its addresses", () => {
    expect(
      operations.ensureBridge({ ...bridge, addresses: [{ address: "10.78.0.1", prefix: 16 }] }),
    ).toBe(true);
    expect(operations.ensureBridge(bridge)).toBe(true);
    expect(operations.ensureBridge(bridge)).toBe(true);
    const link = operations.findLink(BRIDGE);
    expect(link).toMatchObject({ kind: "bridge", up: true, alias: bridge.alias, mtu: 1400 });
    const addresses = operations
      .hostLinks()
      .addresses.filter((address) => address.link === link?.index);
    const texts = addresses.map(({ address }) => address).sort();
    expect(texts).toEqual(["10.77.0.1", "fd77::1", "fe80::1"]);
  });

  test("ensureBridge() says when a bridge is somebody else's", () => {
    expect(operations.ensureBridge({ ...bridge, alias: "another" })).toBe(false);
    expect(operations.findLink(BRIDGE)?.alias).toBe(bridge.alias);
  });

  test("createSandbox() gives loopback, link, address and default route", () => {
    const fd = operations.createSandbox([cable(2)]);
    try {
      const { links, addresses, routes } = inside(fd);
      const eth0 = links.find(({ name }) => name === "eth0");
      expect(eth0).toMatchObject({
        up: true,
        kind: "veth",
        mtu: 1400,
        macAddress: "02:42:0a:4d:00:12",
      });
      expect(links.find(({ name }) => name === "lo")?.up).toBe(true);
      expect(addresses.filter(({ link }) => link === eth0?.index)).toEqual([
        { link: eth0?.index ?? 0, address: "10.77.0.2", prefix: 16 },
      ]);
      expect(routes).toContainEqual({
        destination: "0.0.0.0",
        prefix: 0,
        link: eth0?.index ?? 0,
        gateway: "10.77.0.1",
        table: 254,
      });
      expect(operations.findLink("lotestv2")?.master).toBe(operations.findLink(BRIDGE)?.index ?? 0);
    } finally {
      closeNamespace(fd);
    }
  });

  test("createSandbox() leaves no file descriptor behind when a link fails", () => {
    const before = readFileSync("/proc/self/fdinfo/0").length; // warm up
    expect(before).toBeGreaterThan(0);
    const count = () =>
      Array.from(new Bun.Glob("*").scanSync({ cwd: "/proc/self/fd", onlyFiles: false })).length;
    const first = count();
    expect(() => operations.createSandbox([astray(3)])).toThrow("No such device");
    expect(count()).toBe(first);
  });

  test("children of a link: macvlan with its address, mode and settings, and gone again", () => {
    expect(operations.ensureParent("lotestp", "isolated", "berth test")).toBe(true);
    expect(operations.ensureParent("lotestp", "isolated", "berth test")).toBe(false);
    const type = { kind: "macvlan", mode: 4 } as const;
    operations.probeChild("lotestp", type);
    const fd = operations.createSandbox([
      {
        ...cable(7),
        to: { parent: "lotestp", type },
        gateways: [],
        direct: [4],
        sysctls: { "net/ipv4/conf/eth0/log_martians": "1" },
      },
    ]);
    try {
      const { links, addresses, routes } = inside(fd);
      const link = links.find(({ name }) => name === "eth0");
      expect(link).toMatchObject({ kind: "macvlan", up: true, macAddress: "02:42:0a:4d:00:17" });
      expect(addresses).toContainEqual({
        link: link?.index ?? 0,
        address: "10.77.0.7",
        prefix: 16,
      });
      expect(routes).toContainEqual(
        expect.objectContaining({ destination: "0.0.0.0", prefix: 0, link: link?.index ?? 0 }),
      );
      const setting = "/proc/sys/net/ipv4/conf/eth0/log_martians";
      expect(inNetworkNamespace(fd, () => readFileSync(setting, "utf8"))).toBe("1\n");
      operations.unplugInside(fd, "eth0");
      operations.unplugInside(fd, "eth0");
      expect(inside(fd).links.map(({ name }) => name)).not.toContain("eth0");
    } finally {
      closeNamespace(fd);
      operations.removeLink("lotestp");
    }
  });

  test("a kind of link that this kernel does not have, and a parent that is none, are named", () => {
    expect(() => operations.ensureParent("lotest-none", undefined, "x")).toThrow(
      'link "lotest-none" does not exist; a VLAN\'s sub-interface is written as its link and number: eth0.10',
    );
    expect(() => operations.ensureParent("lotest-none.5", undefined, "x")).toThrow(
      'link "lotest-none" does not exist',
    );
    expect(() => operations.ensureParent("lo.5000", undefined, "x")).toThrow(
      "invalid VLAN id 5000",
    );
    const type = { kind: "ipvlan", mode: 0, flag: 0 } as const;
    let said = "";
    try {
      operations.probeChild(BRIDGE, type);
    } catch (error) {
      said = String(error);
    }
    expect(["", "this kernel has no ipvlan links (CONFIG_IPVLAN, module ipvlan)"]).toContain(
      said.slice(said.indexOf("this kernel") < 0 ? said.length : said.indexOf("this kernel")),
    );
  });

  test("plug() and removeLink() add and take a second link", () => {
    const fd = operations.createSandbox([]);
    try {
      operations.plug(fd, { ...cable(4), device: "eth1" });
      expect(inside(fd).links.map(({ name }) => name)).toContain("eth1");
      operations.removeLink("lotestv4");
      operations.removeLink("lotestv4");
      expect(inside(fd).links.map(({ name }) => name)).not.toContain("eth1");
    } finally {
      closeNamespace(fd);
    }
  });

  test("LinkThread carries calls out in order and hands errors over", async () => {
    const thread = new LinkThread();
    try {
      const [fd, error] = await Promise.all([
        thread.call("createSandbox", [cable(5)]),
        thread.call("createSandbox", [astray(6)]).catch((reason: unknown) => reason),
      ]);
      expect(inside(fd).links.map(({ name }) => name)).toContain("eth0");
      closeNamespace(fd);
      expect(error).toMatchObject({ syscall: "rtnetlink", code: "ENODEV" });
    } finally {
      thread.close();
    }
    expect(await failure(thread.call("hostLinks"))).toContain("closed");
  });
});
