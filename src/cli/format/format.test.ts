import { describe, expect, test } from "bun:test";
import { parseByteSize } from "../../spec/byte-size.ts";
import { formatDuration, humanDuration, parseDuration } from "./duration.ts";
import { ellipsis } from "./ellipsis.ts";
import { binarySize, humanSize } from "./human-size.ts";
import { displayPorts } from "./ports.ts";
import { quoteGo } from "./quote-go.ts";
import { alignTabs } from "./tab-writer.ts";
import { goTimeUtc } from "./time.ts";

describe("sizes", () => {
  test.each([
    [0, "0B"],
    [999, "999B"],
    [1000, "1kB"],
    [1982422, "1.982MB"],
    [12_345_678_901, "12.35GB"],
  ])("humanSize(%d)", (size, text) => expect(humanSize(size)).toBe(text));
  test("three digits", () => expect(humanSize(1982422, 3)).toBe("1.98MB"));
  test("binarySize()", () => {
    expect(binarySize(25276063744)).toBe("23.54GiB");
    expect(binarySize(0)).toBe("0B");
  });
  test.each([
    ["1k", 1024],
    ["1.5GiB", 1610612736],
    ["5 m", 5242880],
    ["10KB", 10240],
    ["7b", 7],
    ["12", 12],
  ])("parseByteSize(%s)", (text, size) => expect(parseByteSize(text)).toBe(size));
});

describe("durations", () => {
  test.each([
    [0.4, "Less than a second"],
    [1, "1 second"],
    [59, "59 seconds"],
    [60, "About a minute"],
    [119, "About a minute"],
    [3000, "50 minutes"],
    [3600, "About an hour"],
    [47 * 3600, "47 hours"],
    [48 * 3600, "2 days"],
    [13 * 24 * 3600, "13 days"],
    [14 * 24 * 3600, "2 weeks"],
    [60 * 24 * 3600, "2 months"],
    [2 * 365 * 24 * 3600, "2 years"],
  ])("humanDuration(%d)", (seconds, text) => expect(humanDuration(seconds)).toBe(text));
  test("Go's notation goes both ways", () => {
    for (const text of ["1h30m0s", "1m30s", "1.5s", "3ms", "0s", "-1s"]) {
      expect(formatDuration(parseDuration(text))).toBe(text);
    }
  });
});

describe("tables", () => {
  test("columns are at least ten wide and three apart", () => {
    const text = "CONTAINER ID\tIMAGE\tNAMES\nabc\tbusybox\tx\n";
    expect(alignTabs(text)).toBe("CONTAINER ID   IMAGE     NAMES\nabc            busybox   x\n");
  });
  test("characters are counted, not bytes", () => {
    expect(alignTabs("abcdefghij…\tx\nb\ty\n")).toBe("abcdefghij…   x\nb             y\n");
  });
  test("a column ends with the first line that lacks it", () => {
    expect(alignTabs("wide wide wide\tx\nplain\nb\ty\n")).toBe(
      "wide wide wide   x\nplain\nb         y\n",
    );
  });
});

describe("text", () => {
  test("ellipsis()", () => {
    expect(ellipsis("sh -c 'echo out; exit'", 20)).toBe("sh -c 'echo out; ex…");
    expect(ellipsis("short", 20)).toBe("short");
    expect(ellipsis("日本語日本語", 7)).toBe("日本語…");
  });
  test("quoteGo()", () => {
    expect(quoteGo('a"b\\\n\u0001é…')).toBe('"a\\"b\\\\\\n\\x01é…"');
    expect(quoteGo("\u200b\u{e000}")).toBe('"\\u200b\\ue000"');
  });
  test("goTimeUtc() keeps the fraction", () => {
    expect(goTimeUtc("2026-11-25T03:34:39.979829050Z")).toBe(
      "2026-11-25 03:34:39.97982905 +0000 UTC",
    );
    expect(goTimeUtc("2026-11-25T03:34:39Z")).toBe("2026-11-25 03:34:39 +0000 UTC");
  });
});

describe("displayPorts()", () => {
  const tcp = (IP: string, PublicPort: number, PrivatePort: number) => ({
    ...(IP === "" ? {} : { IP, PublicPort }),
    PrivatePort,
    Type: "tcp" as const,
  });
  test("neighbours that map to themselves are a range", () => {
    expect(displayPorts([tcp("0.0.0.0", 81, 81), tcp("0.0.0.0", 80, 80), tcp("", 0, 443)])).toBe(
      "0.0.0.0:80-81->80-81/tcp, 443/tcp",
    );
  });
  test("others stand apart, IPv6 in brackets", () => {
    expect(displayPorts([tcp("::", 8080, 80), tcp("0.0.0.0", 8080, 80)])).toBe(
      "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp",
    );
  });
  test("a gap ends a range", () => {
    expect(displayPorts([tcp("", 0, 1), tcp("", 0, 2), tcp("", 0, 4)])).toBe("1-2/tcp, 4/tcp");
  });
});
