import { invalidArgument, type RuntimeSeccomp } from "../../spec/index.ts";
import type { RuntimeHost, SeccompCompiler } from "../runtime-spec-request.ts";
import type { SecurityOptions } from "../security-options.ts";
import { resolveDefaultSeccomp } from "./default-seccomp.ts";
import { resolveSeccompProfile } from "./seccomp-profile.ts";

/** Only what a bare program can express: neither a listener nor flags of seccomp(2). */
export function canPrecompile(profile: RuntimeSeccomp): boolean {
  const notifies = profile.syscalls?.some((rule) => rule.action === "SCMP_ACT_NOTIFY") ?? false;
  return !notifies && profile.listenerPath === undefined && (profile.flags?.length ?? 0) === 0;
}

/** The container's seccomp profile; undefined is none. */
export function resolveSeccomp(
  option: SecurityOptions["seccomp"],
  capabilities: readonly string[],
  host: Pick<RuntimeHost, "seccomp" | "kernel">,
  compiler: SeccompCompiler | undefined,
): RuntimeSeccomp | undefined {
  if (option === "unconfined") return undefined;
  if (!host.seccomp) {
    if (option === "default") return undefined;
    throw invalidArgument(
      "seccomp is not enabled in your kernel, cannot run a custom seccomp profile",
    );
  }
  const context = { architecture: process.arch, capabilities, kernel: host.kernel };
  if (option !== "default") return resolveSeccompProfile(option, context);
  return compiler?.resolveDefault(context) ?? resolveDefaultSeccomp(context);
}
