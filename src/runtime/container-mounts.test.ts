import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMounts, mergeTmpfsOptions } from "./container-mounts.ts";
import type { DefaultMountOptions } from "./default-mounts.ts";
import { findMount } from "./mount-propagation.ts";
import type { ResolvedBindMount, ResolvedMount } from "./runtime-spec-request.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-mounts-"));
const file = join(folder, "file");
writeFileSync(file, "");
afterAll(() => rmSync(folder, { recursive: true }));

const plain: DefaultMountOptions = {
  privileged: false,
  readonlyRootfs: false,
  writableCgroups: false,
  ipcMode: "private",
  shmSize: 0,
  shmPath: undefined,
};
const create = (
  mounts: ResolvedMount[],
  options: Partial<DefaultMountOptions> = {},
  kernel = 6001,
) => createMounts(mounts, { ...plain, ...options }, kernel);
const bind = (more: Partial<ResolvedBindMount> = {}): ResolvedBindMount => ({
  type: "bind",
  source: folder,
  destination: "/m",
  readOnly: false,
  ...more,
});
const optionsOf = (mount: ResolvedBindMount, kernel?: number) =>
  create([mount], {}, kernel).find(({ destination }) => destination === "/m")?.options;

describe("createMounts()", () => {
  test("binds as asked", () => {
    expect(optionsOf(bind())).toEqual(["rbind", "rprivate"]);
    expect(optionsOf(bind({ recursive: false }))).toEqual(["bind", "private"]);
    expect(optionsOf(bind({ readOnly: true }))).toEqual(["rbind", "rro", "rprivate"]);
    expect(optionsOf(bind({ readOnly: true, recursiveReadOnly: "never" }))).toEqual([
      "rbind",
      "ro",
      "rprivate",
    ]);
    expect(optionsOf(bind({ readOnly: true, source: file }))).toEqual(["rbind", "ro", "rprivate"]);
    expect(optionsOf(bind({ readOnly: true }), 5010)).toEqual(["rbind", "ro", "rprivate"]);
    const required = bind({ readOnly: true, recursiveReadOnly: "required" });
    expect(() => optionsOf(required, 5010)).toThrow("recursive read-only");
  });

  test("lets a user's mount take a default's place, and /dev all below it", () => {
    const places = (destination: string) =>
      create([bind({ destination })]).map((mount) => mount.destination);
    expect(places("/dev/shm").filter((place) => place === "/dev/shm")).toHaveLength(1);
    expect(places("/dev/").filter((place) => place.startsWith("/dev"))).toEqual(["/dev"]);
  });

  test("mounts parents before children, whatever the order", () => {
    const places = create([
      bind({ destination: "/a/b/c" }),
      { type: "tmpfs", destination: "/a" },
      bind({ destination: "/a//b/" }),
    ]).map((mount) => mount.destination);
    expect(places.slice(-3)).toEqual(["/a", "/a/b", "/a/b/c"]);
  });

  test("shared memory follows the IPC mode", () => {
    const shm = (options: Partial<DefaultMountOptions>) =>
      create([], options).find(({ destination }) => destination === "/dev/shm");
    expect(shm({ shmSize: 4096 })?.options).toContain("size=4096");
    expect(shm({ ipcMode: "none" })).toBeUndefined();
    expect(shm({ ipcMode: "host" })).toMatchObject({ type: "bind", source: "/dev/shm" });
    expect(shm({ ipcMode: "shareable", shmPath: "/run/x" })).toMatchObject({
      type: "bind",
      source: "/run/x",
    });
  });

  test("privileged may write /sys and the cgroups", () => {
    const readonly = (options: Partial<DefaultMountOptions>) =>
      create([], options)
        .filter((mount) => mount.options?.includes("ro"))
        .map((mount) => mount.destination);
    expect(readonly({})).toEqual(["/sys", "/sys/fs/cgroup"]);
    expect(readonly({ writableCgroups: true })).toEqual(["/sys"]);
    expect(readonly({ privileged: true })).toEqual([]);
  });
});

test("mergeTmpfsOptions() puts the user's over the defaults", () => {
  expect(mergeTmpfsOptions([])).toEqual(["noexec", "nosuid", "nodev", "rprivate"]);
  expect(mergeTmpfsOptions(["exec", "size=1m", "size=2m", "defaults"])).toEqual([
    "nosuid",
    "nodev",
    "rprivate",
    "exec",
    "size=2m",
  ]);
  expect(() => mergeTmpfsOptions(["foo"])).toThrow('invalid tmpfs option ["foo"]');
  expect(() => mergeTmpfsOptions(["foo=1"])).toThrow('invalid tmpfs option ["foo" "1"]');
});

describe("findMount()", () => {
  const mountinfo = `20 1 8:1 / / rw shared:1 - ext4 /dev/a rw
21 20 0:5 / /data rw master:3 - tmpfs x rw
22 21 0:6 / /data/my\\040dir rw - tmpfs y rw
23 20 0:7 / /dat rw shared:9 - tmpfs z rw`;
  test("finds the closest mount above, by whole names", () => {
    expect(findMount(mountinfo, "/etc")).toEqual({ mountPoint: "/", shared: true, slave: false });
    expect(findMount(mountinfo, "/data/x")).toEqual({
      mountPoint: "/data",
      shared: false,
      slave: true,
    });
    expect(findMount(mountinfo, "/data/my dir/x").mountPoint).toBe("/data/my dir");
    expect(findMount(mountinfo, "/database").mountPoint).toBe("/");
  });
});
