import { describe, expect, test } from "bun:test";
import {
  type Attribute,
  decodeAttributes,
  encodeAttributes,
  readNumber,
  readText,
} from "./attribute.ts";
import { formatAddress, formatMac, parseAddress, parseMac } from "./ip-address.ts";
import { decodeMessages, encodeMessages, readError } from "./message.ts";
import { RouteType } from "./route-message.ts";
import {
  addDeviceRoute,
  createChildLink,
  createVlan,
  decodeAddress,
  decodeLink,
  decodeRoute,
} from "./rtnetlink.ts";

/** A seeded generator (mulberry32), so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}
const bytes = (next: () => number, length: number) =>
  Uint8Array.from({ length }, () => Math.floor(next() * 256));

describe("attributes", () => {
  test("encodeAttributes() lays out length, type, value and padding", () => {
    expect(
      Array.from(
        encodeAttributes([
          [3, "lo"],
          [4, 1400],
        ]),
      ),
    ).toEqual([7, 0, 3, 0, 108, 111, 0, 0, 8, 0, 4, 0, 120, 5, 0, 0]);
  });

  test("decodeAttributes() reads back what was encoded, nested too", () => {
    const next = random(1);
    for (let round = 0; round < 300; round++) {
      const flat: Attribute[] = Array.from({ length: Math.floor(next() * 8) }, (_, index) => [
        index + 1,
        bytes(next, Math.floor(next() * 40)),
      ]);
      const outer = decodeAttributes(
        encodeAttributes([
          [9, flat],
          [10, "end"],
        ]),
      );
      const inner = decodeAttributes(outer.get(9) ?? new Uint8Array());
      expect(Array.from(inner)).toEqual(flat.map(([type, value]) => [type, value as Uint8Array]));
      expect(readText(outer.get(10))).toBe("end");
    }
  });

  test("decoders never throw on arbitrary bytes", () => {
    const next = random(2);
    for (let round = 0; round < 3000; round++) {
      const noise = bytes(next, Math.floor(next() * 120));
      for (const message of decodeMessages(noise)) readError(message);
      decodeAttributes(noise);
      for (const type of [RouteType.NEW_LINK, RouteType.NEW_ADDRESS, RouteType.NEW_ROUTE]) {
        const message = { type, flags: 0, payload: noise };
        decodeLink(message);
        decodeAddress(message);
        decodeRoute(message);
      }
    }
  });

  test("readNumber() refuses short values", () => {
    expect(readNumber(Uint8Array.of(1, 0, 0))).toBeUndefined();
    expect(readNumber(undefined)).toBeUndefined();
    expect(readNumber(Uint8Array.of(255, 255, 255, 255))).toBe(0xffff_ffff);
  });
});

describe("messages", () => {
  test("encodeMessages() numbers and pads, decodeMessages() splits again", () => {
    const sent = [
      { type: 16, flags: 5, payload: Uint8Array.of(1, 2, 3) },
      { type: 20, flags: 1, payload: Uint8Array.of(4, 5, 6, 7) },
    ];
    const received = decodeMessages(encodeMessages(sent, 7));
    expect(received.map(({ type, flags, payload }) => ({ type, flags, payload }))).toEqual(sent);
    expect(received.map(({ sequence }) => sequence)).toEqual([7, 8]);
  });

  test("a truncated message ends the list", () => {
    const whole = encodeMessages([{ type: 16, flags: 0, payload: new Uint8Array(8) }], 1);
    expect(decodeMessages(whole.subarray(0, 20))).toEqual([]);
  });
});

describe("addresses", () => {
  test.each([
    ["0.0.0.0", "0.0.0.0"],
    ["172.17.0.2", "172.17.0.2"],
    ["::", "::"],
    ["::1", "::1"],
    ["FD00:0:0:0:1::2", "fd00::1:0:0:2"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["::ffff:10.0.0.1", "::ffff:a00:1"],
  ])("parseAddress(%p) is formatted as %p", (text, canonical) => {
    expect(formatAddress(parseAddress(text) ?? new Uint8Array())).toBe(canonical);
  });

  test.each([
    "",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "1:2:3",
    ":::",
    "1::2::3",
    "12345::",
    "fe80::1%eth0",
    "::1.2.3.4.5",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8:9",
  ])("parseAddress(%p) is refused", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test("every address survives format and parse", () => {
    const next = random(3);
    for (let round = 0; round < 2000; round++) {
      const address = bytes(next, next() < 0.5 ? 4 : 16);
      if (next() < 0.7)
        address.fill(
          0,
          Math.floor(next() * address.length),
          Math.floor(next() * address.length) + 4,
        );
      expect(parseAddress(formatAddress(address))).toEqual(address);
    }
  });

  test("MAC addresses", () => {
    expect(formatMac(parseMac("02:42:AC:11:00:02") ?? new Uint8Array())).toBe("02:42:ac:11:00:02");
    expect(parseMac("02:42:ac:11:00")).toBeUndefined();
    expect(parseMac("02:42:ac:11:00:0g")).toBeUndefined();
  });
});

// Laid out by hand from linux/rtnetlink.h and linux/if_link.h, nested attributes marked as such
// (NLA_F_NESTED, 0x8000): links that not every kernel can make.
describe("requests, byte for byte", () => {
  const hex = ({ payload }: { payload: Uint8Array }) => payload.toHex();
  const spaceless = (text: string) => text.replace(/\s+/g, "");
  const IFINFOMSG = "00".repeat(16);
  const child = { device: "e0", parent: 7, macAddress: "02:42:0a:00:00:02", namespace: 9 };

  test("createVlan()", () => {
    const message = createVlan("e.50", 7, 50);
    expect([message.type, message.flags]).toEqual([16, 0x605]);
    expect(hex(message)).toBe(
      spaceless(`${IFINFOMSG}
        0900 0300 652e353000 000000
        0800 0500 07000000
        1c00 1280
          0900 0100 766c616e00 000000
          0c00 0280 0600 0100 3200 0000`),
    );
  });

  test("createChildLink() of ipvlan: mode and flag are 16 bits, and it takes its parent's address", () => {
    const type = { kind: "ipvlan", mode: 2, flag: 1 } as const;
    expect(hex(createChildLink({ ...child, mtu: 1400, type }))).toBe(
      spaceless(`${IFINFOMSG}
        0700 0300 653000 00
        0800 0400 78050000
        0800 0500 07000000
        0800 1c00 09000000
        2400 1280
          0b00 0100 6970766c616e00 00
          1400 0280 0600 0100 0200 0000 0600 0200 0100 0000`),
    );
  });

  test("createChildLink() of macvlan: the mode is 32 bits", () => {
    const type = { kind: "macvlan", mode: 8 } as const;
    expect(hex(createChildLink({ ...child, mtu: 0, type }))).toBe(
      spaceless(`${IFINFOMSG}
        0700 0300 653000 00
        0a00 0100 02420a000002 0000
        0800 0500 07000000
        0800 1c00 09000000
        1c00 1280
          0c00 0100 6d6163766c616e00
          0c00 0280 0800 0100 08000000`),
    );
  });

  test("addDeviceRoute(): a default route without a gateway", () => {
    const message = addDeviceRoute(3, 4);
    expect([message.type, message.flags]).toEqual([24, 0x505]);
    expect(hex(message)).toBe("02000000fe03fd0100000000" + "0800040003000000");
    expect(hex(addDeviceRoute(3, 6))).toBe("0a000000fe03000100000000" + "0800040003000000");
  });
});
