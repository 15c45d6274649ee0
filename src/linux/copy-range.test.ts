import { expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyRange, readAt } from "./copy-range.ts";

function withFiles(
  target: string,
  use: (from: number, to: number, read: () => string) => void,
): void {
  const directory = mkdtempSync(join(tmpdir(), "berth-copy-"));
  writeFileSync(join(directory, "from"), "0123456789");
  const from = openSync(join(directory, "from"), "r");
  const path = target === "" ? join(directory, "to") : target;
  const to = openSync(path, "w");
  try {
    use(from, to, () => readFileSync(path, "utf8"));
  } finally {
    closeSync(from);
    closeSync(to);
    rmSync(directory, { recursive: true });
  }
}

test("copyRange() copies a range, and what there is of one that is too long", () => {
  withFiles("", (from, to, read) => {
    expect(copyRange(from, 3, to, 4)).toBe(4);
    expect(copyRange(from, 8, to, 10)).toBe(2);
    expect(read()).toBe("345689");
  });
});

test("copyRange() goes by hand where the kernel will not", () => {
  withFiles("/dev/null", (from, to) => {
    expect(copyRange(from, 3, to, 4)).toBe(4);
    expect(copyRange(from, 8, to, 10)).toBe(2);
  });
});

test("readAt() does not move the file's position", () => {
  withFiles("", (from) => {
    const into = new Uint8Array(new ArrayBuffer(2));
    expect([readAt(from, into, 4), Buffer.from(into).toString()]).toEqual([2, "45"]);
    expect([readAt(from, into, 9), into[0]]).toEqual([1, 0x39]);
    expect(readAt(from, into, 10)).toBe(0);
  });
});
