import { describe, expect, test } from "bun:test";
import type { RuntimeSeccomp } from "../spec/index.ts";
import { compileSeccomp, haveLibseccomp } from "./seccomp.ts";

const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const X86_64 = 0xc000003e;
const I386 = 0x40000003;

interface Call {
  number: number;
  architecture?: number;
  args?: bigint[];
}

/** What the kernel would answer: interprets the classic BPF of seccomp(2). */
function verdict(program: Uint8Array, { number, architecture = X86_64, args = [] }: Call): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, architecture, true);
  for (const [index, value] of args.entries()) data.setBigUint64(16 + index * 8, value, true);
  const code = new DataView(program.buffer, program.byteOffset, program.length);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const operation = code.getUint16(at * 8, true);
    const value = code.getUint32(at * 8 + 4, true);
    const jump = (holds: boolean) => {
      at += code.getUint8(at * 8 + (holds ? 2 : 3));
    };
    if (operation === 0x20) accumulator = data.getUint32(value, true);
    else if (operation === 0x15) jump(accumulator === value);
    else if (operation === 0x25) jump(accumulator > value);
    else if (operation === 0x35) jump(accumulator >= value);
    else if (operation === 0x45) jump((accumulator & value) !== 0);
    else if (operation === 0x05) at += value;
    else if (operation === 0x54) accumulator = (accumulator & value) >>> 0;
    else if (operation === 0x06) return value;
    else throw new Error(`operation 0x${operation.toString(16)}`);
  }
  throw new Error("fell off the end");
}

const profile: RuntimeSeccomp = {
  defaultAction: "SCMP_ACT_ERRNO",
  defaultErrnoRet: 1,
  architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  syscalls: [
    { names: ["read", "openat2", "no_such_call"], action: "SCMP_ACT_ALLOW" },
    { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
    {
      names: ["personality"],
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, value: 8, op: "SCMP_CMP_EQ" }],
    },
    {
      names: ["clone"],
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
    },
    {
      names: ["socket"],
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, value: 40, op: "SCMP_CMP_NE" }],
    },
  ],
};

describe.skipIf(!haveLibseccomp() || process.arch !== "x64")("compileSeccomp()", () => {
  const program = compileSeccomp(profile);
  const answer = (call: Call) => verdict(program, call);

  test("allows what is listed and answers EPERM for the rest", () => {
    expect(answer({ number: 0 })).toBe(ALLOW);
    expect(answer({ number: 1 })).toBe(ERRNO | 1);
    expect(answer({ number: 3, architecture: I386 })).toBe(ALLOW);
    expect(answer({ number: 4, architecture: I386 })).toBe(ERRNO | 1);
    expect(answer({ number: 435 })).toBe(ERRNO | 38);
  });

  test("compares arguments in all their 64 bits", () => {
    expect(answer({ number: 135, args: [8n] })).toBe(ALLOW);
    expect(answer({ number: 135, args: [9n] })).toBe(ERRNO | 1);
    expect(answer({ number: 135, args: [0x1_0000_0008n] })).toBe(ERRNO | 1);
    expect(answer({ number: 56, args: [0x1200011n] })).toBe(ALLOW);
    expect(answer({ number: 56, args: [0x10000000n] })).toBe(ERRNO | 1);
    expect(answer({ number: 41, args: [2n] })).toBe(ALLOW);
    expect(answer({ number: 41, args: [40n] })).toBe(ERRNO | 1);
  });

  test("answers ENOSYS for calls newer than the profile, of each architecture", () => {
    expect(answer({ number: 437 })).toBe(ALLOW);
    expect(answer({ number: 436 })).toBe(ERRNO | 1);
    expect(answer({ number: 9999 })).toBe(ERRNO | 38);
    expect(answer({ number: 9999, architecture: I386 })).toBe(ERRNO | 38);
  });

  test("leaves x32 and foreign architectures to the profile", () => {
    expect(answer({ number: 0x40000000 })).toBe(ALLOW);
    expect(answer({ number: 0x40000001 })).toBe(ERRNO | 1);
    // An architecture that is not in the profile is killed.
    expect(answer({ number: 0, architecture: 0x1234 })).toBe(0);
  });

  test("refuses what a bare program cannot express", () => {
    const notify = { names: ["read"], action: "SCMP_ACT_NOTIFY" };
    expect(() => compileSeccomp({ ...profile, syscalls: [notify] })).toThrow("SCMP_ACT_NOTIFY");
  });
});
