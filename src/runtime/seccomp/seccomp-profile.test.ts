import { describe, expect, test } from "bun:test";
import { DEFAULT_CAPABILITIES } from "../capabilities.ts";
import { resolveDefaultSeccomp } from "./default-seccomp.ts";
import { type ProfileContext, resolveSeccompProfile } from "./seccomp-profile.ts";

const context: ProfileContext = {
  architecture: "x64",
  capabilities: DEFAULT_CAPABILITIES,
  kernel: 6001,
};
const allowed = (more: Partial<ProfileContext> = {}) => {
  const { syscalls } = resolveDefaultSeccomp({ ...context, ...more });
  const rules = (syscalls ?? []).filter((rule) => rule.action === "SCMP_ACT_ALLOW" && !rule.args);
  return new Set(rules.flatMap((rule) => rule.names));
};

describe("the default profile", () => {
  test("allows everyday calls and refuses the dangerous ones", () => {
    const names = allowed();
    for (const name of ["read", "execve", "chroot", "ptrace", "arch_prctl", "fchmodat2"]) {
      expect(names.has(name)).toBe(true);
    }
    for (const name of [
      "mount",
      "unshare",
      "setns",
      "keyctl",
      "add_key",
      "bpf",
      "kexec_load",
      "init_module",
      "open_by_handle_at",
      "userfaultfd",
      "io_uring_setup",
      "pivot_root",
      "reboot",
      "swapon",
      "clock_settime",
      "clone",
      "socket",
    ]) {
      expect(names.has(name)).toBe(false);
    }
  });

  test("opens up with capabilities", () => {
    const admin = allowed({ capabilities: ["CAP_SYS_ADMIN"] });
    expect(["mount", "unshare", "clone", "clone3", "bpf"].every((name) => admin.has(name))).toBe(
      true,
    );
    expect(allowed({ capabilities: ["CAP_SYS_TIME"] }).has("clock_settime")).toBe(true);
    expect(allowed({ capabilities: [] }).has("chroot")).toBe(false);
  });

  test("goes by architecture and kernel", () => {
    expect(allowed({ kernel: 4007 }).has("ptrace")).toBe(false);
    expect(allowed({ architecture: "arm64" }).has("arch_prctl")).toBe(false);
    expect(resolveDefaultSeccomp({ ...context, architecture: "arm64" }).architectures).toEqual([
      "SCMP_ARCH_AARCH64",
      "SCMP_ARCH_ARM",
    ]);
  });

  test("has clone3 answer ENOSYS, so that C libraries fall back to clone", () => {
    const { syscalls } = resolveDefaultSeccomp(context);
    expect(syscalls?.find((rule) => rule.names.includes("clone3"))).toEqual({
      names: ["clone3"],
      action: "SCMP_ACT_ERRNO",
      errnoRet: 38,
    });
  });
});

describe("resolveSeccompProfile()", () => {
  test("refuses a profile that contradicts itself", () => {
    const rule = { name: "a", names: ["b"], action: "SCMP_ACT_ALLOW" };
    expect(() =>
      resolveSeccompProfile({ defaultAction: "SCMP_ACT_ERRNO", syscalls: [rule] }, context),
    ).toThrow("'name' and 'names' were specified");
    const both = {
      defaultAction: "SCMP_ACT_ERRNO",
      architectures: ["SCMP_ARCH_X86"],
      archMap: [{ architecture: "SCMP_ARCH_X86_64" }],
    };
    expect(() => resolveSeccompProfile(both, context)).toThrow("'architectures' and 'archMap'");
  });

  test("drops Go's nulls", () => {
    const resolved = resolveSeccompProfile(
      {
        defaultAction: "SCMP_ACT_ERRNO",
        defaultErrnoRet: null,
        architectures: null,
        archMap: null,
        flags: null,
        syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW", args: [null], errnoRet: null }],
      },
      context,
    );
    expect(resolved).toEqual({
      defaultAction: "SCMP_ACT_ERRNO",
      architectures: [],
      syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW" }],
    });
  });
});
