import { describe, expect, test } from "bun:test";
import { type KernelFeatures, kernelFeatures, requireFeatures } from "./kernel-features.ts";

const complete: KernelFeatures = {
  overlay: true,
  cgroup: { v1: new Map(), unified: "/sys/fs/cgroup" },
  namespaces: new Set(["mnt", "net", "pid", "uts", "ipc", "user"]),
};

describe("requireFeatures()", () => {
  test("is content with cgroup v2 alone, and with v1 alone", () => {
    requireFeatures(complete);
    const v1 = new Map([["memory", "/sys/fs/cgroup/memory"]]);
    requireFeatures({ ...complete, cgroup: { v1, unified: undefined } });
  });

  test.each([
    [{ overlay: false }, "this kernel has no overlay file system (CONFIG_OVERLAY_FS)"],
    [{ cgroup: { v1: new Map(), unified: undefined } }, "no cgroup file system is mounted"],
    [{ namespaces: new Set(["mnt", "net", "uts", "ipc"]) }, "this kernel has no pid namespaces"],
  ])("names what is missing: %p", (lack, message) => {
    expect(() => requireFeatures({ ...complete, ...lack })).toThrow(message);
  });

  test("finds all of it on a host that runs containers", () => {
    requireFeatures(kernelFeatures());
  });
});
