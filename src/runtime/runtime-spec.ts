import {
  EngineError,
  type HostConfig,
  invalidArgument,
  type RuntimeLinux,
  type RuntimeMount,
  type RuntimeSpec,
} from "../spec/index.ts";
import { BPF_ANNOTATION } from "./bpf-annotation.ts";
import { cgroupNames } from "./cgroup-path.ts";
import { createMounts, rootPropagation } from "./container-mounts.ts";
import {
  containerArguments,
  containerCapabilities,
  createContainerProcess,
} from "./container-process.ts";
import { guardedPaths } from "./default-mounts.ts";
import { resolveDevices } from "./devices.ts";
import { createNamespaces } from "./namespaces.ts";
import { resolveResources } from "./resources.ts";
import type { RuntimeSpecRequest } from "./runtime-spec-request.ts";
import { canPrecompile, resolveSeccomp } from "./seccomp/resolve-seccomp.ts";
import { parseSecurityOptions, type SecurityOptions } from "./security-options.ts";
import { resolveSysctls } from "./sysctls.ts";

const OCI_VERSION = "1.0.2";
/** Where an init is mounted in a container that asks for one. */
const INIT_PATH = "/sbin/docker-init";

/** No driver for devices of this kind exists here: Docker's words for it, at start. */
export function refuseDeviceRequests(hostConfig: Pick<HostConfig, "DeviceRequests">): void {
  const [request] = hostConfig.DeviceRequests ?? [];
  if (request === undefined) return;
  const sets = (request.Capabilities ?? []).map((set) => `[${set.join(" ")}]`).join(" ");
  throw new EngineError(
    "internal",
    `could not select device driver "${request.Driver}" with capabilities: [${sets}]`,
  );
}

interface InitParts {
  args: string[];
  mounts: RuntimeMount[];
}

/** Puts an init in front that reaps and passes signals on, where the container is its own PID 1. */
function withInit(request: RuntimeSpecRequest): InitParts {
  const args = containerArguments(request.config);
  const { hostConfig, host } = request;
  if (hostConfig.Init !== true || hostConfig.PidMode !== "") return { args, mounts: [] };
  if ("missing" in host.init) {
    throw invalidArgument(`Cannot run with --init: ${host.init.missing}`);
  }
  const mount: RuntimeMount = {
    destination: INIT_PATH,
    type: "bind",
    source: host.init.path,
    options: ["bind", "ro", "rprivate"],
  };
  return { args: [INIT_PATH, "--", ...args], mounts: [mount] };
}

function createSeccomp(
  request: RuntimeSpecRequest,
  security: SecurityOptions,
): Pick<RuntimeSpec, "annotations"> & { linux: Pick<RuntimeLinux, "seccomp"> } {
  const capabilities = containerCapabilities(request.hostConfig, request.host);
  const profile = resolveSeccomp(security.seccomp, capabilities, request.host, request.seccomp);
  if (profile === undefined) return { linux: {} };
  if (!request.takesBpf || request.seccomp === undefined || !canPrecompile(profile)) {
    return { linux: { seccomp: profile } };
  }
  return { annotations: { [BPF_ANNOTATION]: request.seccomp.compile(profile) }, linux: {} };
}

function createLinux(request: RuntimeSpecRequest, security: SecurityOptions): RuntimeLinux {
  const { config, hostConfig, host } = request;
  const { devices, rules } = resolveDevices(hostConfig);
  const guarded = guardedPaths(hostConfig, security.systemPathsUnconfined, host.maskedPaths);
  const propagation = rootPropagation(request.mounts);
  const sysctl = resolveSysctls(hostConfig, config.Domainname, {
    networkHost: request.namespaces.network === "host",
    ipcHost: hostConfig.IpcMode === "host",
    utsHost: hostConfig.UTSMode === "host",
  });
  return {
    namespaces: createNamespaces(request),
    cgroupsPath: cgroupNames(host, request.id, hostConfig.CgroupParent).cgroupsPath,
    resources: { ...resolveResources(hostConfig), devices: rules },
    ...(devices.length > 0 ? { devices } : {}),
    ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
    sysctl,
    maskedPaths: guarded.masked,
    readonlyPaths: guarded.readonly,
  };
}

/**
 * The OCI spec of a container, in effect the same as Docker's. Reads `/etc/passwd` and `/etc/group` of the
 * root; writes nothing. Throws `EngineError` for what cannot be honoured, in Docker's words.
 */
export function createRuntimeSpec(request: RuntimeSpecRequest): RuntimeSpec {
  const { config, hostConfig, host } = request;
  refuseDeviceRequests(hostConfig);
  const security = parseSecurityOptions(hostConfig);
  const init = withInit(request);
  const mounts = createMounts(
    request.mounts,
    {
      privileged: hostConfig.Privileged,
      readonlyRootfs: hostConfig.ReadonlyRootfs,
      writableCgroups: security.writableCgroups,
      ipcMode: hostConfig.IpcMode,
      shmSize: hostConfig.ShmSize,
      shmPath: request.shmPath,
    },
    host.kernel,
  );
  const seccomp = createSeccomp(request, security);
  return {
    ociVersion: OCI_VERSION,
    process: createContainerProcess(request, init.args),
    root: { path: request.rootfs, readonly: hostConfig.ReadonlyRootfs },
    ...(hostConfig.UTSMode === "host" ? {} : { hostname: config.Hostname }),
    mounts: [...mounts, ...init.mounts],
    annotations: { ...hostConfig.Annotations, ...seccomp.annotations },
    linux: { ...createLinux(request, security), ...seccomp.linux },
  };
}
