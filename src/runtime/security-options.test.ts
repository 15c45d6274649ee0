import { describe, expect, test } from "bun:test";
import { parseSecurityOptions } from "./security-options.ts";

const parse = (SecurityOpt: string[], Privileged = false) =>
  parseSecurityOptions({ SecurityOpt, Privileged });

describe("parseSecurityOptions()", () => {
  test("knows every option, with = and with Docker's old :", () => {
    expect(
      parse([
        "no-new-privileges:true",
        "seccomp=unconfined",
        "apparmor=mine",
        "label=type:foo_t",
        "label:level:s0:c1",
        "systempaths=unconfined",
        "writable-cgroups=true",
      ]),
    ).toEqual({
      noNewPrivileges: true,
      seccomp: "unconfined",
      apparmor: "mine",
      labels: ["type:foo_t", "level:s0:c1"],
      systemPathsUnconfined: true,
      writableCgroups: true,
    });
  });

  test("privileged is unconfined unless a profile is named", () => {
    expect(parse([], true)).toMatchObject({ seccomp: "unconfined", apparmor: "unconfined" });
    const profile = '{"defaultAction":"SCMP_ACT_ALLOW"}';
    expect(parse([`seccomp=${profile}`], true).seccomp).toEqual({
      defaultAction: "SCMP_ACT_ALLOW",
    });
  });

  test("refuses what it does not know", () => {
    expect(() => parse(["nonsense"])).toThrow('invalid --security-opt 1: "nonsense"');
    expect(() => parse(["a=b"])).toThrow('invalid --security-opt 2: "a=b"');
    expect(() => parse(["no-new-privileges=x"])).toThrow("invalid --security-opt 2");
    expect(() => parse(["seccomp={"])).toThrow("Decoding seccomp profile failed");
    expect(() => parse(["seccomp=[]"])).toThrow("Decoding seccomp profile failed");
  });
});
