import { invalidArgument } from "../spec/index.ts";

/** capabilities(7) in the order of their numbers. */
export const CAPABILITIES: readonly string[] = [
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETUID",
  "SETPCAP",
  "LINUX_IMMUTABLE",
  "NET_BIND_SERVICE",
  "NET_BROADCAST",
  "NET_ADMIN",
  "NET_RAW",
  "IPC_LOCK",
  "IPC_OWNER",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_CHROOT",
  "SYS_PTRACE",
  "SYS_PACCT",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_NICE",
  "SYS_RESOURCE",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "MKNOD",
  "LEASE",
  "AUDIT_WRITE",
  "AUDIT_CONTROL",
  "SETFCAP",
  "MAC_OVERRIDE",
  "MAC_ADMIN",
  "SYSLOG",
  "WAKE_ALARM",
  "BLOCK_SUSPEND",
  "AUDIT_READ",
  "PERFMON",
  "BPF",
  "CHECKPOINT_RESTORE",
].map((name) => `CAP_${name}`);

/** What a container holds without further ado: Docker's fourteen. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

const ALL = "ALL";

/** `net_admin` → `CAP_NET_ADMIN`; throws Docker's `unknown capability: "CAP_X"`. */
export function normalizeCapabilities(names: readonly string[]): string[] {
  return names.map((name) => {
    const upper = name.toUpperCase();
    if (upper === ALL) return ALL;
    const full = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
    if (!CAPABILITIES.includes(full)) throw invalidArgument(`unknown capability: "${full}"`);
    return full;
  });
}

export interface CapabilityRequest {
  add: readonly string[];
  drop: readonly string[];
  privileged: boolean;
  /** What the engine itself holds: `ALL` and `privileged` mean these. */
  available: readonly string[];
}

/** The capabilities of a container's first process when it is root. */
export function resolveCapabilities(request: CapabilityRequest): string[] {
  if (request.privileged) return [...request.available];
  const add = normalizeCapabilities(request.add);
  const drop = normalizeCapabilities(request.drop);
  const named = add.filter((name) => name !== ALL);
  const missing = named.filter((name) => !request.available.includes(name));
  if (missing.length > 0) {
    throw invalidArgument(
      `Cannot add capability ${missing.join(", ")}: the engine does not hold it on this host`,
    );
  }
  if (add.includes(ALL)) return request.available.filter((name) => !drop.includes(name));
  if (drop.includes(ALL)) return [...new Set(named)];
  const kept = DEFAULT_CAPABILITIES.filter(
    (name) => !drop.includes(name) && request.available.includes(name),
  );
  return [...new Set([...kept, ...named])];
}

/** Names of a hexadecimal set as in `/proc/<pid>/status`. */
export function capabilitiesOfMask(mask: string): string[] {
  const bits = BigInt(`0x${mask}`);
  return CAPABILITIES.filter((_, bit) => (bits >> BigInt(bit)) & 1n);
}
