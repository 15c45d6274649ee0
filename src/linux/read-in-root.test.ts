import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFileInRoot } from "./read-in-root.ts";

describe("readFileInRoot()", () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-root-"));
  const root = join(folder, "root");
  mkdirSync(join(root, "etc/real"), { recursive: true });
  writeFileSync(join(folder, "secret"), "outside");
  writeFileSync(join(root, "etc/real/file"), "inside");
  symlinkSync("/etc/real/file", join(root, "etc/absolute"));
  symlinkSync("../../../secret", join(root, "etc/climbs"));
  symlinkSync(join(folder, "secret"), join(root, "etc/leads-out"));
  Bun.spawnSync(["mkfifo", join(root, "etc/fifo")]);
  afterAll(() => rmSync(folder, { recursive: true }));

  test("follows links within the root", () => {
    expect(readFileInRoot(root, "/etc/real/file", 100)).toBe("inside");
    expect(readFileInRoot(root, "/etc/absolute", 100)).toBe("inside");
  });

  test("never leaves the root, blocks, or reads without end", () => {
    expect(() => readFileInRoot(root, "/etc/climbs", 100)).toThrow("ENOENT");
    expect(() => readFileInRoot(root, "/etc/leads-out", 100)).toThrow("ENOENT");
    expect(() => readFileInRoot(root, "/../secret", 100)).toThrow("ENOENT");
    expect(() => readFileInRoot(root, "/etc/fifo", 100)).toThrow("not a regular file");
    expect(() => readFileInRoot(root, "/etc", 100)).toThrow("not a regular file");
    expect(() => readFileInRoot(root, "/etc/real/file", 3)).toThrow("larger than");
  });
});
