import { dlopen, FFIType, type Pointer } from "bun:ffi";
import { readFileSync } from "node:fs";
import type { RuntimeSeccomp, RuntimeSyscallArgument } from "../spec/index.ts";
import { cString, struct } from "./libc.ts";
import { createMemfd } from "./memfd.ts";

/** seccomp.h of libseccomp 2.5; also what the kernel's seccomp(2) returns. */
const ACTION: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
};
const OPERATOR: Readonly<Record<string, number>> = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  SCMP_CMP_MASKED_EQ: 7,
};
const EPERM = 1;
const UNKNOWN_SYSCALL = -1;
const MINUS_EEXIST = -17;
/** SCMP_FLTATR_CTL_OPTIMIZE: 2 sorts the system calls into a binary tree. */
const OPTIMIZE = 8;
/** `struct scmp_arg_cmp`: u32 arg, u32 op, u64 datum_a, u64 datum_b. */
const ARGUMENT_SIZE = 24;

function bindLibseccomp() {
  return dlopen("libseccomp.so.2", {
    seccomp_init: { args: [FFIType.u32], returns: FFIType.ptr },
    seccomp_release: { args: [FFIType.ptr], returns: FFIType.void },
    seccomp_attr_set: { args: [FFIType.ptr, FFIType.i32, FFIType.u32], returns: FFIType.i32 },
    seccomp_arch_add: { args: [FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    seccomp_arch_resolve_name: { args: [FFIType.ptr], returns: FFIType.u32 },
    seccomp_syscall_resolve_name: { args: [FFIType.ptr], returns: FFIType.i32 },
    seccomp_syscall_resolve_name_arch: { args: [FFIType.u32, FFIType.ptr], returns: FFIType.i32 },
    seccomp_rule_add_array: {
      args: [FFIType.ptr, FFIType.u32, FFIType.i32, FFIType.u32, FFIType.ptr],
      returns: FFIType.i32,
    },
    seccomp_export_bpf: { args: [FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  }).symbols;
}
type Libseccomp = ReturnType<typeof bindLibseccomp>;

/** Is libseccomp on this machine? Without it a runtime has to compile the profile itself. */
export function haveLibseccomp(): boolean {
  try {
    bindLibseccomp();
    return true;
  } catch {
    return false;
  }
}

function actionNumber(action: string, errno: number | undefined): number {
  const number = ACTION[action];
  if (number === undefined) throw new Error(`seccomp action "${action}" cannot be compiled`);
  const carriesErrno = action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE";
  return (carriesErrno ? number | ((errno ?? EPERM) & 0xffff) : number) >>> 0;
}

function encodeArguments(list: readonly RuntimeSyscallArgument[]): Uint8Array<ArrayBuffer> {
  const { bytes, view } = struct(Math.max(1, list.length) * ARGUMENT_SIZE);
  for (const [index, argument] of list.entries()) {
    const operator = OPERATOR[argument.op];
    if (operator === undefined) throw new Error(`seccomp operator "${argument.op}" is unknown`);
    const offset = index * ARGUMENT_SIZE;
    view.setUint32(offset, argument.index, true);
    view.setUint32(offset + 4, operator, true);
    view.setBigUint64(offset + 8, BigInt(argument.value), true);
    view.setBigUint64(offset + 16, BigInt(argument.valueTwo ?? 0), true);
  }
  return bytes;
}

/**
 * libseccomp joins the comparisons of one rule by AND and takes each argument once. Rules that compare
 * the same argument more than once are therefore added one comparison at a time (OR), as runc does.
 */
function ruleVariants(list: readonly RuntimeSyscallArgument[]): RuntimeSyscallArgument[][] {
  const distinct = new Set(list.map((argument) => argument.index));
  return distinct.size < list.length ? list.map((argument) => [argument]) : [[...list]];
}

function addRules(library: Libseccomp, context: Pointer, profile: RuntimeSeccomp): void {
  const otherwise = actionNumber(profile.defaultAction, profile.defaultErrnoRet);
  for (const rule of profile.syscalls ?? []) {
    const action = actionNumber(rule.action, rule.errnoRet);
    // libseccomp refuses rules that say what the default says anyway.
    if (action === otherwise) continue;
    const variants = ruleVariants(rule.args ?? []).map((list) => ({
      count: list.length,
      bytes: encodeArguments(list),
    }));
    for (const name of rule.names) {
      const number = library.seccomp_syscall_resolve_name(cString(name));
      // A name that this libseccomp does not know stays under the default action.
      if (number === UNKNOWN_SYSCALL) continue;
      for (const { count, bytes } of variants) {
        const result = library.seccomp_rule_add_array(context, action, number, count, bytes);
        if (result < 0 && result !== MINUS_EEXIST) {
          throw new Error(`seccomp rule for ${name}: error ${-result}`);
        }
      }
    }
  }
}

/** `SCMP_ARCH_X86_64` → `x86_64`, as seccomp_arch_resolve_name(3) wants it. */
const archName = (name: string): string => name.replace(/^SCMP_ARCH_/, "").toLowerCase();

function addArchitectures(library: Libseccomp, context: Pointer, names: readonly string[]): void {
  for (const name of names) {
    const token = library.seccomp_arch_resolve_name(cString(archName(name)));
    if (token === 0) throw new Error(`seccomp architecture "${name}" is unknown`);
    const result = library.seccomp_arch_add(context, token);
    if (result < 0 && result !== MINUS_EEXIST) {
      throw new Error(`seccomp architecture ${name}: error ${-result}`);
    }
  }
}

/** `struct sock_filter`: u16 code, u8 jt, u8 jf, u32 k. */
interface Instruction {
  code: number;
  jumpTrue: number;
  jumpFalse: number;
  value: number;
}
const instruction = (code: number, value: number, jumpTrue = 0, jumpFalse = 0): Instruction => ({
  code,
  jumpTrue,
  jumpFalse,
  value,
});
/** bpf_common.h: BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ, BPF_JMP|BPF_JGT, BPF_JMP|BPF_JA, BPF_RET. */
const load = (offset: number) => instruction(0x20, offset);
const ifEqual = (value: number, yes: number, no: number) => instruction(0x15, value, yes, no);
const ifGreater = (value: number, yes: number, no: number) => instruction(0x25, value, yes, no);
const giveBack = (value: number) => instruction(0x06, value);

/** Offsets in `struct seccomp_data`. */
const SYSCALL_NUMBER = 0;
const AUDIT_ARCH = 4;
const ENOSYS = 38;
const X32_BIT = 0x40000000;
/** libseccomp's token of x32; the kernel reports x86-64 for it. */
const X32_TOKEN = 0x4000003e;

function encodeProgram(instructions: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, { code, jumpTrue, jumpFalse, value }] of instructions.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpTrue, index * 8 + 2);
    bytes.writeUInt8(jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  }
  return bytes;
}

function newestSyscall(library: Libseccomp, profile: RuntimeSeccomp, token: number): number {
  let newest = -1;
  for (const rule of profile.syscalls ?? []) {
    for (const name of rule.names) {
      newest = Math.max(newest, library.seccomp_syscall_resolve_name_arch(token, cString(name)));
    }
  }
  return newest;
}

/**
 * System calls newer than everything that the profile names answer ENOSYS in place of EPERM, so that C
 * libraries fall back to the older ones (runc does the same). Jumps are relative: a preamble is enough.
 */
function withUnknownSyscalls(
  library: Libseccomp,
  profile: RuntimeSeccomp,
  program: Buffer,
): Buffer {
  const deniesByErrno = profile.defaultAction === "SCMP_ACT_ERRNO";
  if (!deniesByErrno || profile.defaultErrnoRet === ENOSYS) return program;
  const preamble: Instruction[] = [load(AUDIT_ARCH)];
  for (const name of profile.architectures ?? []) {
    const token = library.seccomp_arch_resolve_name(cString(archName(name)));
    if (token === X32_TOKEN) continue;
    const newest = newestSyscall(library, profile, token);
    if (newest < 0) continue;
    // x32 numbers carry a bit of their own and are left to the profile.
    preamble.push(
      ifEqual(token, 0, 5),
      load(SYSCALL_NUMBER),
      ifGreater(X32_BIT - 1, 2, 0),
      ifGreater(newest, 0, 1),
      giveBack(0x00050000 | ENOSYS),
      load(AUDIT_ARCH),
    );
  }
  return Buffer.concat([encodeProgram(preamble), program]);
}

/**
 * The BPF program (`struct sock_filter[]`) of a profile. Takes some ten milliseconds; throws for actions
 * that need a listener, and when libseccomp is missing.
 */
export function compileSeccomp(profile: RuntimeSeccomp): Uint8Array {
  const library = bindLibseccomp();
  const otherwise = actionNumber(profile.defaultAction, profile.defaultErrnoRet);
  const context = library.seccomp_init(otherwise) as Pointer | null;
  if (context === null) throw new Error("seccomp_init failed");
  try {
    library.seccomp_attr_set(context, OPTIMIZE, 2);
    addArchitectures(library, context, profile.architectures ?? []);
    addRules(library, context, profile);
    const file = createMemfd("seccomp");
    try {
      const result = library.seccomp_export_bpf(context, file.fd);
      if (result < 0) throw new Error(`seccomp_export_bpf: error ${-result}`);
      return withUnknownSyscalls(library, profile, readFileSync(file.path));
    } finally {
      file.close();
    }
  } finally {
    library.seccomp_release(context);
  }
}
