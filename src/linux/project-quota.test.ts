import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  enforcesProjectQuotas,
  inheritedProject,
  projectQuota,
  setProject,
  setProjectLimit,
} from "./project-quota.ts";

/**
 * An ext4 with project quotas in an image file; this kernel may have none, or no loop devices: then only
 * what is said without them is tested here, and the rest in the emulated machine (tests/vm).
 */
const root = mkdtempSync("/tmp/quota-");
const place = join(root, "mnt");
const mounted = mountImage();

function mountImage(): boolean {
  mkdirSync(place);
  const image = join(root, "image");
  const script = `truncate -s 64M ${image} && mkfs.ext4 -q -O quota,project -E quotatype=prjquota ${image} && mount -o loop,prjquota ${image} ${place}`;
  return Bun.spawnSync(["sh", "-c", script], { stderr: "ignore" }).exitCode === 0;
}
afterAll(() => {
  if (mounted) Bun.spawnSync(["umount", place]);
  rmSync(root, { recursive: true, force: true });
});

describe("project quotas", () => {
  test("a file system without them says so, and fails in words", () => {
    expect(enforcesProjectQuotas("/proc")).toBe(false);
    expect(inheritedProject("/proc")).toBe(0);
    expect(projectQuota("/proc", 5)).toBeUndefined();
    expect(() => setProjectLimit("/proc", 5, 1000)).toThrow("quotactl_fd");
    expect(() => setProject("/proc", 5)).toThrow("ioctl(FS_IOC_FSGETXATTR)");
  });

  test.skipIf(!mounted)("bound what is in a directory", () => {
    expect(enforcesProjectQuotas(place)).toBe(true);
    const directory = join(place, "bound");
    mkdirSync(directory);
    setProject(directory, 0x5000_0000);
    setProjectLimit(directory, 0x5000_0000, 1 << 20);
    mkdirSync(join(directory, "below"));
    expect(inheritedProject(join(directory, "below"))).toBe(0x5000_0000);
    writeFileSync(join(directory, "below/fits"), Buffer.alloc(500_000));
    expect(() => writeFileSync(join(directory, "not"), Buffer.alloc(2 << 20))).toThrow();
    expect(projectQuota(directory, 0x5000_0000)?.limit).toBe(1 << 20);
    writeFileSync(join(place, "beside"), Buffer.alloc(2 << 20));
  });
});
