import { type HostConfig, invalidArgument } from "../spec/index.ts";

const IPC_SYSCTLS = new Set([
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
]);

export interface SysctlContext {
  networkHost: boolean;
  ipcHost: boolean;
  utsHost: boolean;
}

/** `net/ipv4/ip_forward` → `net.ipv4.ip_forward`; with slashes, dots belong to the names. */
function normalize(name: string): string {
  const slash = name.indexOf("/");
  if (slash < 0) return name;
  const dot = name.indexOf(".");
  if (dot >= 0 && dot < slash) return name;
  return name.replace(/[./]/g, (character) => (character === "/" ? "." : "/"));
}

/** Refuses what would change the host, in the words of Docker's runtime. */
export function checkSysctl(name: string, context: SysctlContext): void {
  const key = normalize(name);
  if (IPC_SYSCTLS.has(key) || key.startsWith("fs.mqueue.")) {
    if (context.ipcHost) {
      throw invalidArgument(`sysctl "${name}" is not allowed in the hosts ipc namespace`);
    }
    return;
  }
  if (key.startsWith("net.")) {
    if (context.networkHost) {
      throw invalidArgument(`sysctl "${name}" not allowed in host network namespace`);
    }
    return;
  }
  if (key === "kernel.domainname" && !context.utsHost) return;
  if (key === "kernel.hostname") {
    throw invalidArgument(
      `sysctl "${name}" is not allowed as it conflicts with the OCI "hostname" field`,
    );
  }
  throw invalidArgument(`sysctl "${name}" is not in a separate kernel namespace`);
}

/**
 * The user's sysctls, and Docker's two of its own where the network is the container's: any port and
 * ping without privileges.
 */
export function resolveSysctls(
  hostConfig: Pick<HostConfig, "Sysctls">,
  domainname: string,
  context: SysctlContext,
): Record<string, string> {
  const asked = hostConfig.Sysctls ?? {};
  for (const name of Object.keys(asked)) checkSysctl(name, context);
  return {
    ...(context.networkHost
      ? {}
      : {
          "net.ipv4.ip_unprivileged_port_start": "0",
          "net.ipv4.ping_group_range": "0 2147483647",
        }),
    ...(domainname !== "" && !context.utsHost ? { "kernel.domainname": domainname } : {}),
    ...asked,
  };
}
