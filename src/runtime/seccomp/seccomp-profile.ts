import {
  invalidArgument,
  type RuntimeSeccomp,
  type RuntimeSyscallArgument,
  type RuntimeSyscallRule,
} from "../../spec/index.ts";

/** What a rule of a profile asks of the container or the host before it counts. */
export interface ProfileFilter {
  /** Go's names: `amd64`, `arm64`. */
  arches?: string[] | null;
  caps?: string[] | null;
  /** `4.8`. */
  minKernel?: string;
}

export interface ProfileRule {
  name?: string;
  names?: string[] | null;
  action: string;
  errnoRet?: number | null;
  args?: (RuntimeSyscallArgument | null)[] | null;
  comment?: string;
  includes?: ProfileFilter | null;
  excludes?: ProfileFilter | null;
}

/** A profile in Docker's format: `--security-opt seccomp=FILE` carries the text of one. */
export interface SeccompProfile {
  defaultAction: string;
  defaultErrnoRet?: number | null;
  architectures?: string[] | null;
  archMap?: { architecture: string; subArchitectures?: string[] | null }[] | null;
  flags?: string[] | null;
  listenerPath?: string;
  syscalls?: ProfileRule[] | null;
}

export interface ProfileContext {
  /** Node's `process.arch`. */
  architecture: string;
  capabilities: readonly string[];
  /** Linux major × 1000 + minor. */
  kernel: number;
}

/** Node's architecture → Go's (rules) and libseccomp's (architecture map). */
const ARCHITECTURES: Readonly<Record<string, { go: string; seccomp: string }>> = {
  x64: { go: "amd64", seccomp: "SCMP_ARCH_X86_64" },
  arm64: { go: "arm64", seccomp: "SCMP_ARCH_AARCH64" },
  arm: { go: "arm", seccomp: "SCMP_ARCH_ARM" },
  ia32: { go: "386", seccomp: "SCMP_ARCH_X86" },
  riscv64: { go: "riscv64", seccomp: "SCMP_ARCH_RISCV64" },
  s390x: { go: "s390x", seccomp: "SCMP_ARCH_S390X" },
  ppc64: { go: "ppc64le", seccomp: "SCMP_ARCH_PPC64LE" },
};

/** Reads the text of a profile; Docker's messages for what is wrong with it. */
export function parseSeccompProfile(text: string): SeccompProfile {
  let profile: unknown;
  try {
    profile = JSON.parse(text);
  } catch (error) {
    throw invalidArgument(`Decoding seccomp profile failed: ${String((error as Error).message)}`);
  }
  if (typeof profile !== "object" || profile === null || Array.isArray(profile)) {
    throw invalidArgument("Decoding seccomp profile failed: not a JSON object");
  }
  return profile as SeccompProfile;
}

function kernelNumber(version: string): number {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major ?? 0) * 1000 + Number(minor ?? 0);
}

function applies(rule: ProfileRule, context: ProfileContext, goArch: string): boolean {
  const { includes, excludes } = rule;
  const held = (name: string) => context.capabilities.includes(name);
  if (excludes?.arches?.includes(goArch)) return false;
  if (excludes?.caps?.some(held)) return false;
  if (excludes?.minKernel && context.kernel >= kernelNumber(excludes.minKernel)) return false;
  if (includes?.arches?.length && !includes.arches.includes(goArch)) return false;
  if (includes?.caps?.length && !includes.caps.every(held)) return false;
  return !includes?.minKernel || context.kernel >= kernelNumber(includes.minKernel);
}

function resolveRule(rule: ProfileRule): RuntimeSyscallRule {
  if (rule.name && rule.names?.length) {
    throw invalidArgument(
      "'name' and 'names' were specified in the seccomp profile, use either 'name' or 'names'",
    );
  }
  const args = (rule.args ?? []).filter((argument) => argument !== null);
  return {
    names: rule.name ? [rule.name] : (rule.names ?? []),
    action: rule.action,
    ...(rule.errnoRet == null ? {} : { errnoRet: rule.errnoRet }),
    ...(args.length === 0 ? {} : { args }),
  };
}

function resolveArchitectures(profile: SeccompProfile, seccompArch: string): string[] {
  if (profile.architectures?.length && profile.archMap?.length) {
    throw invalidArgument(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  }
  if (profile.architectures?.length) return profile.architectures;
  const entry = profile.archMap?.find((map) => map.architecture === seccompArch);
  return entry === undefined ? [] : [entry.architecture, ...(entry.subArchitectures ?? [])];
}

/** The rules that count for this container on this host, in the form of the OCI runtime-spec. */
export function resolveSeccompProfile(
  profile: SeccompProfile,
  context: ProfileContext,
): RuntimeSeccomp {
  const arch = ARCHITECTURES[context.architecture];
  if (arch === undefined) {
    throw invalidArgument(`seccomp is not known on the architecture ${context.architecture}`);
  }
  const rules = (profile.syscalls ?? []).filter((rule) => applies(rule, context, arch.go));
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet == null ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: resolveArchitectures(profile, arch.seccomp),
    ...(profile.flags?.length ? { flags: profile.flags } : {}),
    ...(profile.listenerPath ? { listenerPath: profile.listenerPath } : {}),
    syscalls: rules.map(resolveRule),
  };
}
