import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mountTmpfs, unmount } from "../linux/mount.ts";
import type { LogDriver } from "./log-configuration.ts";
import { NumberedSeries, RenamedSeries } from "./log-series.ts";
import type { LogWriter } from "./log-writer.ts";
import { jsonLogPath, openLogWriter } from "./open-log-writer.ts";
import { type LogReadOptions, readLogs } from "./read-logs.ts";

const ID = "c".repeat(64);
const MILLISECOND = 1_000_000n;
const START = 1_780_000_000_000_000_000n;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

let root: string;
let directory: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "supervisor-logs-"));
  directory = join(root, ID);
});
afterEach(() => rmSync(root, { recursive: true }));

function openWriter(
  driver: LogDriver,
  options: Record<string, string> = {},
  resume?: { file: number; offset: number },
): LogWriter {
  const identity = {
    containerId: ID,
    containerName: "web",
    imageId: `sha256:${"d".repeat(64)}`,
    imageName: "busybox",
    created: "2026-01-01T00:00:00Z",
    entrypoint: "sh",
    args: [],
    env: ["A=1 2", "B=2"],
    labels: { tier: "front" },
  };
  const writer = openLogWriter({ driver, directory, options, identity }, resume);
  if (writer === undefined) throw new Error("no writer");
  return writer;
}

async function read(driver: LogDriver, options: Partial<LogReadOptions> = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  const all = {
    follow: false,
    stdout: true,
    stderr: true,
    timestamps: false,
    details: false,
    tty: true,
    ...options,
  };
  const never = new AbortController().signal;
  for await (const chunk of readLogs(directory, { driver, options: {} }, all, never)) {
    chunks.push(chunk.slice());
  }
  return Buffer.concat(chunks).toString();
}

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join("");

/** Writes numbered lines, one record a millisecond, `batch` lines in each. */
function writeLines(writer: LogWriter, from: number, to: number, batch = 1): void {
  for (let line = from; line < to; line += batch) {
    const bytes = text(lines(line, Math.min(line + batch, to)));
    writer.write(1, bytes, START + BigInt(line) * MILLISECOND);
  }
}

for (const driver of ["local", "json-file"] as const) {
  describe(`${driver} log`, () => {
    test("gives back what was written, frames for each stream", async () => {
      const writer = openWriter(driver);
      writer.write(1, text("out\n"), START);
      writer.write(2, text("err\n"), START);
      writer.write(2, text("err 2\n"), START);
      writer.close();
      const frames = await read(driver, { tty: false });
      expect(frames).toBe("\x01\0\0\0\0\0\0\x04out\n\x02\0\0\0\0\0\0\x0aerr\nerr 2\n");
      expect(await read(driver, { stdout: false })).toBe("err\nerr 2\n");
    });

    test("puts time stamps of nine digits and details before each line", async () => {
      const writer = openWriter(driver, { labels: "tier", env: "A" });
      writer.write(1, text("one\ntwo\n"), START + 5_000_000n);
      writer.write(1, text("a piece"), START);
      writer.write(1, text(" of a line\n"), START);
      writer.close();
      const stamp = "2026-05-28T20:26:40";
      const plain = await read(driver, { timestamps: true });
      expect(plain).toBe(
        `${stamp}.005000000Z one\n${stamp}.005000000Z two\n${stamp}.000000000Z a piece of a line\n`,
      );
      const details = await read(driver, { details: true, tail: 1 });
      // Docker's json-file driver counts the pieces of a line.
      const last = driver === "local" ? "a piece of a line" : " of a line";
      expect(details).toBe(`A=1+2,tier=front ${last}\n`);
    });

    for (const batch of [1, 7, 5000]) {
      test(`tail, since and until, ${batch} lines a record`, async () => {
        const writer = openWriter(driver, { "max-size": "300k", "max-file": "4" });
        writeLines(writer, 0, 20_000, batch);
        writer.close();
        const everything = await read(driver);
        const first = Number(/^line (\d+)/.exec(everything)?.[1]);
        expect(everything).toBe(lines(first, 20_000));
        for (const tail of [0, 1, 6, 999, 9000, 19_999, 30_000]) {
          const from = Math.max(20_000 - tail, first);
          expect(await read(driver, { tail })).toBe(lines(from, 20_000));
        }
        const at = (line: number): bigint => START + BigInt(line) * MILLISECOND;
        for (const line of [first, 15_000, 17_501, 19_998]) {
          const whole = Math.ceil(line / batch) * batch;
          const since = await read(driver, { since: at(line) });
          expect(since).toBe(lines(Math.max(whole, first), 20_000));
          const last = Math.min((Math.floor(line / batch) + 1) * batch, 20_000);
          expect(await read(driver, { until: at(line) })).toBe(lines(first, last));
        }
        expect(await read(driver, { since: at(30_000) })).toBe("");
        if (batch === 5000) return;
        const both = await read(driver, { since: at(19_000), tail: 5, timestamps: true });
        expect(both.trim().split("\n")).toHaveLength(5);
      });
    }

    test("follows over rotations until the log is closed", async () => {
      const writer = openWriter(driver, { "max-size": "20k", "max-file": "3" });
      writeLines(writer, 0, 10);
      const following = read(driver, { follow: true });
      for (let line = 10; line < 20_010; line += 50) {
        writeLines(writer, line, line + 50, 50);
        await new Promise((resolve) => setImmediate(resolve));
      }
      writer.close();
      expect(await following).toBe(lines(0, 20_010));
    });

    test("follow ends at once when nobody writes, and at an abort", async () => {
      const writer = openWriter(driver);
      writeLines(writer, 0, 3);
      const abort = new AbortController();
      const options = { follow: true, stdout: true, stderr: true, timestamps: false };
      const reading = readLogs(
        directory,
        { driver, options: {} },
        { ...options, details: false, tty: true },
        abort.signal,
      );
      expect(Buffer.from((await reading.next()).value ?? []).toString()).toBe(lines(0, 3));
      const next = reading.next();
      abort.abort();
      expect((await next).done).toBe(true);
      writer.close();
      expect(await read(driver, { follow: true })).toBe(lines(0, 3));
    });

    test("survives a file that was cut off or damaged at its end", async () => {
      const writer = openWriter(driver);
      writeLines(writer, 0, 100);
      const [file] = series(driver).list();
      if (file === undefined) throw new Error("no file");
      truncateSync(file, readFileSync(file).length - 3);
      expect(await read(driver)).toBe(lines(0, 99));
      expect(await read(driver, { tail: 1 })).toMatch(/line 98\n$/);
      const again = openWriter(driver);
      writeLines(again, 99, 102);
      again.close();
      expect(await read(driver)).toBe(lines(0, 102));
      appendFileSync(file, crypto.getRandomValues(new Uint8Array(5000)));
      expect(await read(driver)).toStartWith(lines(0, 102));
    });

    test("goes on at a stored position, whatever was written behind it", async () => {
      const writer = openWriter(driver, { "max-size": "5k" });
      writeLines(writer, 0, 10);
      const position = writer.position();
      writeLines(writer, 10, 20);
      const again = openWriter(driver, { "max-size": "5k" }, position);
      writeLines(again, 10, 12);
      again.close();
      expect(await read(driver)).toBe(lines(0, 12));
    });

    test("a full disk drops lines, and a note counts them once there is room", async () => {
      mkdirSync(directory);
      mountTmpfs(directory, "size=256k");
      try {
        const filler = join(directory, "filler");
        writeFileSync(filler, new Uint8Array(120 * 1024));
        const writer = openWriter(driver);
        writeLines(writer, 0, 20_000, 100);
        rmSync(filler);
        writeLines(writer, 20_000, 20_100, 100);
        writer.close();
        const logged = await read(driver);
        const note = /berth: (\d+) log lines \(\d+ bytes\) dropped: .*no space left on device.*\n/g;
        const dropped = [...logged.matchAll(note)].map((match) => Number(match[1]));
        expect(dropped.length).toBeWithin(1, 5);
        const kept = logged.replace(note, "").trimEnd().split("\n");
        expect(kept.length + dropped.reduce((sum, count) => sum + count, 0)).toBe(20_100);
        const numbers = kept.map((line) => Number(line.slice("line ".length)));
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        expect(numbers.at(-1)).toBe(20_099);
      } finally {
        unmount(directory);
      }
    });

    test("compresses old files and reads them", async () => {
      const options = { "max-size": "10k", "max-file": "4", compress: "true" };
      const writer = openWriter(driver, options);
      writeLines(writer, 0, 9000, 10);
      await (writer as unknown as { settled(): Promise<void> }).settled();
      writer.close();
      const compressed = series(driver)
        .list()
        .filter((path) => path.endsWith(".gz"));
      expect(compressed.length).toBe(3);
      const everything = await read(driver);
      const first = Number(/^line (\d+)/.exec(everything)?.[1]);
      expect(first).toBeGreaterThan(0);
      expect(everything).toBe(lines(first, 9000));
      expect(await read(driver, { tail: 100 })).toBe(lines(8900, 9000));
      const leftovers = readdirSync(series(driver).folder).filter((name) => /ing$/.test(name));
      expect(leftovers).toEqual([]);
    });
  });
}

function series(driver: "local" | "json-file"): NumberedSeries | RenamedSeries {
  return driver === "local"
    ? new NumberedSeries(directory)
    : new RenamedSeries(jsonLogPath(directory, ID));
}

describe("json-file log", () => {
  test("is Docker's, byte for byte", () => {
    const writer = openWriter("json-file", { labels: "tier", tag: "{{.Name}}/{{.ID}}" });
    const line = Buffer.concat([
      text('a"b\\<&>\t\x01\r\u2028é'),
      Buffer.of(0xff, 0xc3),
      text("\n"),
    ]);
    writer.write(1, line, START + 120_000_000n);
    writer.write(2, text("x".repeat(16_384 + 3)), START);
    writer.close();
    const attrs = `"attrs":{"tag":"web/cccccccccccc","tier":"front"}`;
    expect(readFileSync(jsonLogPath(directory, ID), "utf8").split("\n")).toEqual([
      `{"log":"a\\"b\\\\\\u003c\\u0026\\u003e\\u0009\\u0001\\r\\u2028é\\ufffd\\ufffd\\n","stream":"stdout",${attrs},"time":"2026-05-28T20:26:40.12Z"}`,
      `{"log":"${"x".repeat(16_384)}","stream":"stderr",${attrs},"time":"2026-05-28T20:26:40Z"}`,
      `{"log":"xxx","stream":"stderr",${attrs},"time":"2026-05-28T20:26:40Z"}`,
      "",
    ]);
  });
});

test("what any bytes were written as is read back, in any pieces", async () => {
  for (let round = 0; round < 30; round++) {
    rmSync(directory, { recursive: true, force: true });
    const writer = openWriter("local", { "max-size": "10m" });
    const written: Uint8Array[] = [];
    for (let piece = 0; piece < 40; piece++) {
      const size = Math.floor(Math.random() ** 4 * 200_000) + 1;
      const bytes = crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536)));
      if (Math.random() < 0.5) bytes[bytes.length - 1] = 10;
      written.push(bytes);
      writer.write(1, bytes, START);
    }
    writer.close();
    const chunks: Uint8Array[] = [];
    const options = {
      follow: false,
      stdout: true,
      stderr: true,
      timestamps: false,
      details: false,
    };
    const signal = new AbortController().signal;
    const log = { driver: "local" as const, options: {} };
    for await (const chunk of readLogs(directory, log, { ...options, tty: true }, signal)) {
      chunks.push(chunk);
    }
    expect(Buffer.concat(chunks).equals(Buffer.concat(written))).toBe(true);
  }
});
