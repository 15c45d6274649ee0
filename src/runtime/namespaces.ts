import { type HostConfig, invalidArgument, type RuntimeNamespace } from "../spec/index.ts";
import type { RuntimeSpecRequest } from "./runtime-spec-request.ts";

function needPath(path: string | undefined, what: string): string {
  if (path === undefined) throw invalidArgument(`Cannot join the ${what} namespace: not running`);
  return path;
}

function ipcNamespace(request: RuntimeSpecRequest): RuntimeNamespace[] {
  const mode = request.hostConfig.IpcMode;
  if (mode === "host") return [];
  if (!mode.startsWith("container:")) return [{ type: "ipc" }];
  return [{ type: "ipc", path: needPath(request.namespaces.ipc, "ipc") }];
}

function pidNamespace(request: RuntimeSpecRequest): RuntimeNamespace[] {
  const mode = request.hostConfig.PidMode;
  if (mode === "host") return [];
  if (!mode.startsWith("container:")) return [{ type: "pid" }];
  return [{ type: "pid", path: needPath(request.namespaces.pid, "pid") }];
}

function networkNamespace(request: RuntimeSpecRequest): RuntimeNamespace[] {
  const { network } = request.namespaces;
  if (network === "host") return [];
  return [network === "new" ? { type: "network" } : { type: "network", path: network.path }];
}

/** `private` or `host`; Docker's default is private on cgroup v2 alone. */
export function cgroupnsMode(
  hostConfig: Pick<HostConfig, "CgroupnsMode">,
  host: RuntimeSpecRequest["host"],
): "private" | "host" {
  if (hostConfig.CgroupnsMode === "private") return "private";
  if (hostConfig.CgroupnsMode === "host") return "host";
  return host.cgroup.mode === "v2" ? "private" : "host";
}

/** The namespaces of a container, new ones and joined ones. */
export function createNamespaces(request: RuntimeSpecRequest): RuntimeNamespace[] {
  const { hostConfig } = request;
  if (hostConfig.UsernsMode !== "" && hostConfig.UsernsMode !== "host") {
    throw invalidArgument(`invalid user namespace mode: ${hostConfig.UsernsMode}`);
  }
  return [
    { type: "mount" },
    ...networkNamespace(request),
    ...(hostConfig.UTSMode === "host" ? [] : [{ type: "uts" } as const]),
    ...pidNamespace(request),
    ...ipcNamespace(request),
    ...(cgroupnsMode(hostConfig, request.host) === "private" ? [{ type: "cgroup" } as const] : []),
  ];
}
