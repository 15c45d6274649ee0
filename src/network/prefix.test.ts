import { describe, expect, test } from "bun:test";
import { AddressAllocator } from "./address-allocator.ts";
import { contains, formatPrefix, overlaps, type Prefix, parseCidr, parseIp } from "./prefix.ts";
import {
  chooseIpv6Subnet,
  chooseSubnet,
  DEFAULT_POOLS,
  firstAddress,
  macAddressFor,
  occupiedPrefixes,
} from "./subnet-choice.ts";

const prefix = (text: string): Prefix => {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(text);
  return parsed.prefix;
};

describe("prefixes", () => {
  test.each([
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["10.1.2.3/32", "10.1.2.3/32"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["fd00:1::5/64", "fd00:1::/64"],
  ])("parseCidr(%p) lies in %p", (text, block) => {
    expect(formatPrefix(prefix(text))).toBe(block);
  });

  test.each(["10.0.0.0", "10.0.0.0/33", "10.0.0.0/8/8", "/8", "10.0.0.0/", "10.0.0.0/-1"])(
    "parseCidr(%p) is refused",
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );

  test("contains() and overlaps() hold at the edges", () => {
    const inside = (text: string) =>
      contains(prefix("172.17.0.0/16"), parseIp(text) ?? { family: 4, value: 0n });
    expect([inside("172.17.0.0"), inside("172.17.255.255")]).toEqual([true, true]);
    expect([inside("172.18.0.0"), inside("172.16.255.255"), inside("::")]).toEqual([
      false,
      false,
      false,
    ]);
    expect(overlaps(prefix("10.0.0.0/8"), prefix("10.255.0.0/16"))).toBe(true);
    expect(overlaps(prefix("10.0.0.0/9"), prefix("10.128.0.0/9"))).toBe(false);
    expect(overlaps(prefix("0.0.0.0/0"), prefix("::/0"))).toBe(false);
  });
});

const LINK = {
  kind: undefined,
  alias: undefined,
  parent: undefined,
  parentElsewhere: false,
  isolated: false,
  up: true,
  macAddress: undefined,
  mtu: 1500,
  master: undefined,
};

describe("chooseSubnet()", () => {
  const by = (text: string, owner = "somebody") => ({ ...prefix(text), by: owner });
  const chosen = (...occupied: string[]) =>
    formatPrefix(
      chooseSubnet(
        DEFAULT_POOLS,
        occupied.map((text) => by(text)),
      ),
    );

  test("starts with 172.17 and steps over what the host has", () => {
    expect(chosen()).toBe("172.17.0.0/16");
    expect(chosen("172.17.5.0/24")).toBe("172.18.0.0/22");
    expect(chosen("172.17.5.0/24", "172.18.3.0/24", "172.18.4.0/32")).toBe("172.18.8.0/22");
    expect(chosen("172.18.0.0/15", "172.17.0.0/16", "fd00::/8")).toBe("172.20.0.0/22");
    expect(chosen("172.16.0.0/12")).toBe("192.168.0.0/24");
    expect(chosen("172.16.0.0/12", "192.168.0.0/22", "192.168.0.7/32")).toBe("192.168.4.0/24");
  });

  test("finds each gap once: every subnet of the pools is given out, none twice", () => {
    const pools = [
      { base: "10.9.0.0/26", size: 29 },
      { base: "10.9.1.0/28", size: 28 },
    ];
    const given = [by("10.9.0.18/32", 'the link "tun0"')];
    for (let round = 0; round < 8; round++) given.push({ ...chooseSubnet(pools, given), by: "us" });
    const texts = given.slice(1).map(formatPrefix);
    expect(texts).toEqual(
      [0, 8, 24, 32, 40, 48, 56].map((end) => `10.9.0.${end}/29`).concat("10.9.1.0/28"),
    );
    expect(() => chooseSubnet(pools, given)).toThrow('us, the link "tun0"');
    const [, , third] = given;
    const without = given.filter((one) => one !== third);
    expect(formatPrefix(chooseSubnet(pools, without))).toBe("10.9.0.8/29");
  });

  test("says when the pools are used up and by whom, and when one is wrong", () => {
    const pools = [{ base: "10.9.0.0/24", size: 25 }];
    expect(() => chooseSubnet(pools, [by("10.9.0.0/24", 'network "web"')])).toThrow(
      'all predefined address pools have been fully subnetted: 10.9.0.0/24 in pieces of /25 are taken by network "web"; remove networks',
    );
    const many = Array.from({ length: 128 }, (_, end) => by(`10.9.0.${2 * end}/31`, `n${end}`));
    expect(() => chooseSubnet(pools, many)).toThrow("are taken by n0, n64;");
    expect(() => chooseSubnet([{ base: "10.9.0.0/24", size: 20 }], [])).toThrow(
      "invalid default address pool",
    );
  });

  test("hundreds of networks fit", () => {
    const given: ReturnType<typeof by>[] = [];
    for (let round = 0; round < 1 + 14 * 64 + 256; round++) {
      given.push({ ...chooseSubnet(DEFAULT_POOLS, given), by: `n${round}` });
    }
    expect(new Set(given.map(formatPrefix)).size).toBe(1153);
    expect(() => chooseSubnet(DEFAULT_POOLS, given)).toThrow("fully subnetted");
  });

  test("occupiedPrefixes() takes every table but the kernel's own; default routes do not count", () => {
    const via = { link: 1, gateway: "10.0.0.1", table: 254 };
    const occupied = occupiedPrefixes({
      links: [{ ...LINK, index: 1, name: "tun0" }],
      addresses: [{ link: 1, address: "10.0.0.5", prefix: 24 }],
      routes: [
        { ...via, destination: "0.0.0.0", prefix: 0 },
        { ...via, destination: "128.0.0.0", prefix: 1 },
        { ...via, destination: "172.17.0.0", prefix: 16 },
        { ...via, destination: "172.20.0.0", prefix: 16, table: 51820, link: undefined },
        { ...via, destination: "127.0.0.0", prefix: 8, table: 255 },
      ],
    });
    expect(occupied.map((one) => `${formatPrefix(one)} ${one.by}`)).toEqual([
      '10.0.0.0/24 the address 10.0.0.5/24 of the link "tun0"',
      '172.17.0.0/16 the route to 172.17.0.0/16 of the link "tun0"',
      "172.20.0.0/16 the route to 172.20.0.0/16",
    ]);
  });

  test("chooseIpv6Subnet() is a unique local /64", () => {
    expect(formatPrefix(chooseIpv6Subnet([]))).toMatch(/^fd.*::\/64$/);
  });

  test("macAddressFor() follows the IPv4 address", () => {
    expect(macAddressFor("172.17.0.2")).toBe("02:42:ac:11:00:02");
    expect(macAddressFor(undefined)).toMatch(/^02:42(:[0-9a-f]{2}){4}$/);
  });
});

describe("AddressAllocator", () => {
  const record = { subnet: "10.0.0.0/29", gateway: "10.0.0.1", reserved: { printer: "10.0.0.3" } };

  test("gives every usable address once, the lowest first", () => {
    const allocator = new AddressAllocator(record);
    const given = Array.from({ length: 5 }, (_, index) => allocator.allocate(`e${index}`));
    expect(given).toEqual(["10.0.0.2", "10.0.0.4", "10.0.0.5", "10.0.0.6", undefined]);
  });

  test("release() gives back once, and only for the holder", () => {
    const allocator = new AddressAllocator(record);
    expect(allocator.allocate("a")).toBe("10.0.0.2");
    allocator.release("10.0.0.2", "b");
    expect(allocator.allocate("b")).toBe("10.0.0.4");
    allocator.release("10.0.0.2", "a");
    expect(allocator.allocate("c")).toBe("10.0.0.2");
    allocator.release("10.0.0.2", "a");
    expect(allocator.allocate("d")).toBe("10.0.0.5");
  });

  test("claim() takes a free address and refuses others", () => {
    const allocator = new AddressAllocator({ ...record, range: "10.0.0.4/30" });
    allocator.claim("10.0.0.2", "a");
    allocator.claim("10.0.0.2", "a");
    expect(() => allocator.claim("10.0.0.2", "b")).toThrow("Address already in use");
    expect(() => allocator.claim("10.0.0.1", "b")).toThrow("Address already in use");
    expect(() => allocator.claim("10.0.1.1", "b")).toThrow("requested address is out of range");
    expect(() => allocator.claim("10.0.0.7", "b")).toThrow("requested address is out of range");
    expect(allocator.allocate("b")).toBe("10.0.0.4");
  });

  test("IPv6 has no broadcast address", () => {
    const allocator = new AddressAllocator({
      subnet: "fd00::/126",
      gateway: "fd00::1",
      reserved: {},
    });
    expect(["a", "b", "c"].map((holder) => allocator.allocate(holder))).toEqual([
      "fd00::2",
      "fd00::3",
      undefined,
    ]);
  });

  test("firstAddress() is the default gateway", () => {
    expect(firstAddress(prefix("fd00:1::/64"))).toBe("fd00:1::1");
  });
});
