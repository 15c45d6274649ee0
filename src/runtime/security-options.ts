import { type HostConfig, invalidArgument } from "../spec/index.ts";
import { parseSeccompProfile, type SeccompProfile } from "./seccomp/seccomp-profile.ts";

export interface SecurityOptions {
  noNewPrivileges: boolean;
  seccomp: "default" | "unconfined" | SeccompProfile;
  /** Absent: the default profile where AppArmor is on. */
  apparmor?: string;
  /** SELinux label options: `disable`, `type:…`, `level:…`. */
  labels: string[];
  /** `systempaths=unconfined`: nothing of `/proc` and `/sys` is masked. */
  systemPathsUnconfined: boolean;
  writableCgroups: boolean;
}

function parseBoolean(option: string, value: string): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw invalidArgument(`invalid --security-opt 2: "${option}"`);
}

function splitOption(option: string): [key: string, value: string] {
  // Docker's old clients wrote `label:disable`.
  const separator = option.includes("=") ? "=" : ":";
  const at = option.indexOf(separator);
  if (at < 0) throw invalidArgument(`invalid --security-opt 1: "${option}"`);
  return [option.slice(0, at), option.slice(at + 1)];
}

function applyOption(options: SecurityOptions, option: string): void {
  if (option === "no-new-privileges") {
    options.noNewPrivileges = true;
    return;
  }
  if (option === "disable") {
    options.labels.push("disable");
    return;
  }
  if (option === "writable-cgroups") {
    options.writableCgroups = true;
    return;
  }
  const [key, value] = splitOption(option);
  switch (key) {
    case "no-new-privileges":
      options.noNewPrivileges = parseBoolean(option, value);
      return;
    case "writable-cgroups":
      options.writableCgroups = parseBoolean(option, value);
      return;
    case "label":
      options.labels.push(value);
      return;
    case "apparmor":
      options.apparmor = value;
      return;
    case "seccomp":
      options.seccomp = parseSeccompOption(value);
      return;
    case "systempaths":
      if (value !== "unconfined") throw invalidArgument(`invalid --security-opt 2: "${option}"`);
      options.systemPathsUnconfined = true;
      return;
    default:
      throw invalidArgument(`invalid --security-opt 2: "${option}"`);
  }
}

function parseSeccompOption(value: string): SecurityOptions["seccomp"] {
  if (value === "unconfined") return "unconfined";
  return value === "builtin" || value === "" ? "default" : parseSeccompProfile(value);
}

/** Reads `--security-opt`; Docker's messages for what it does not know. */
export function parseSecurityOptions(
  hostConfig: Pick<HostConfig, "SecurityOpt" | "Privileged">,
): SecurityOptions {
  const options: SecurityOptions = {
    noNewPrivileges: false,
    seccomp: hostConfig.Privileged ? "unconfined" : "default",
    ...(hostConfig.Privileged ? { apparmor: "unconfined" } : {}),
    labels: [],
    systemPathsUnconfined: false,
    writableCgroups: false,
  };
  for (const option of hostConfig.SecurityOpt ?? []) applyOption(options, option);
  return options;
}
