import { posix } from "node:path";
import {
  type ContainerConfig,
  type HostConfig,
  invalidArgument,
  type RuntimeCapabilities,
  type RuntimeProcess,
} from "../spec/index.ts";
import { resolveCapabilities } from "./capabilities.ts";
import { createEnvironment } from "./container-environment.ts";
import { resolveContainerUser } from "./container-user.ts";
import { resolveRlimits } from "./rlimits.ts";
import type {
  ExecProcessRequest,
  RuntimeHost,
  RuntimeSpecRequest,
} from "./runtime-spec-request.ts";
import { parseSecurityOptions, type SecurityOptions } from "./security-options.ts";

type ProcessContainer = ExecProcessRequest["container"];

interface ProcessParts {
  args: string[];
  user: string;
  cwd: string;
  tty: boolean;
  extraEnv: readonly string[];
  capabilities: string[];
  consoleSize: readonly [rows: number, columns: number] | undefined;
  privileged: boolean;
}

export function containerCapabilities(
  hostConfig: Pick<HostConfig, "CapAdd" | "CapDrop" | "Privileged">,
  host: Pick<RuntimeHost, "capabilities">,
): string[] {
  return resolveCapabilities({
    add: hostConfig.CapAdd ?? [],
    drop: hostConfig.CapDrop ?? [],
    privileged: hostConfig.Privileged,
    available: host.capabilities,
  });
}

/** Program and arguments of a container: entrypoint, then command. */
export function containerArguments(config: Pick<ContainerConfig, "Entrypoint" | "Cmd">): string[] {
  const args = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (args.length === 0) throw invalidArgument("no command specified");
  return args;
}

/** Nothing is inheritable or ambient: a user that is not root starts with none. */
const capabilitySets = (names: string[]): RuntimeCapabilities => ({
  bounding: names,
  effective: names,
  permitted: names,
});

function apparmorProfile(options: SecurityOptions, host: RuntimeHost): string | undefined {
  const wish = options.apparmor;
  if (wish === "unconfined") return host.appArmor.enabled ? "unconfined" : undefined;
  if (wish === undefined || wish === "" || wish === "docker-default") {
    return host.appArmor.defaultProfile;
  }
  if (host.appArmor.enabled) return wish;
  throw invalidArgument(
    `Cannot apply AppArmor profile "${wish}": AppArmor is not enabled on this host`,
  );
}

function selinuxLabel(options: SecurityOptions, host: RuntimeHost): string | undefined {
  if (options.labels.length === 0 || options.labels.includes("disable")) return undefined;
  if (!host.selinux) {
    throw invalidArgument(
      `Cannot apply SELinux label "${options.labels[0]}": SELinux is not enabled on this host`,
    );
  }
  const parts = { user: "system_u", role: "system_r", type: "container_t", level: "s0" };
  for (const label of options.labels) {
    const [key = "", value = ""] = label.split(/:(.*)/s, 2);
    if (!(key in parts))
      throw invalidArgument(
        `Bad label option "${key}", valid options 'disable' or 'user, role, level, type, filetype' followed by ':' and a value`,
      );
    parts[key as keyof typeof parts] = value;
  }
  return `${parts.user}:${parts.role}:${parts.type}:${parts.level}`;
}

function assemble(
  container: ProcessContainer,
  rootfs: string,
  parts: ProcessParts,
): RuntimeProcess {
  const { config, hostConfig, host } = container;
  const security = parseSecurityOptions(
    parts.privileged ? { ...hostConfig, Privileged: true } : hostConfig,
  );
  const user = resolveContainerUser(rootfs, parts.user, hostConfig.GroupAdd ?? []);
  const rlimits = resolveRlimits(
    hostConfig.Ulimits ?? [],
    container.defaultUlimits ?? [],
    host,
    container.warn ?? (() => undefined),
  );
  const apparmor = apparmorProfile(security, host);
  const selinux = selinuxLabel(security, host);
  return {
    terminal: parts.tty,
    ...(parts.consoleSize !== undefined && parts.consoleSize[0] > 0
      ? { consoleSize: { height: parts.consoleSize[0], width: parts.consoleSize[1] } }
      : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: parts.args,
    env: createEnvironment({
      config,
      tty: parts.tty,
      home: user.home,
      linkEnv: container.linkEnv ?? [],
      extra: parts.extraEnv,
    }),
    cwd: parts.cwd,
    capabilities: capabilitySets(parts.capabilities),
    noNewPrivileges: security.noNewPrivileges,
    oomScoreAdj: hostConfig.OomScoreAdj,
    ...(rlimits.length > 0 ? { rlimits } : {}),
    ...(apparmor === undefined ? {} : { apparmorProfile: apparmor }),
    ...(selinux === undefined ? {} : { selinuxLabel: selinux }),
  };
}

/** The first process of a container; `args` are those of the config, or behind an init. */
export function createContainerProcess(
  request: RuntimeSpecRequest,
  args: string[],
): RuntimeProcess {
  const { config, hostConfig, host } = request;
  return assemble(request, request.rootfs, {
    args,
    user: config.User,
    cwd: posix.join("/", config.WorkingDir),
    tty: config.Tty,
    extraEnv: [],
    capabilities: containerCapabilities(hostConfig, host),
    consoleSize: hostConfig.ConsoleSize,
    privileged: false,
  });
}

/** The OCI process object of `exec`, to be handed to `OciRuntime.execCommand` as a file. */
export function createExecProcess(request: ExecProcessRequest): RuntimeProcess {
  const { config, hostConfig, host } = request.container;
  if (request.args.length === 0) throw invalidArgument("No exec command specified");
  return assemble(request.container, request.rootfs, {
    args: [...request.args],
    user: request.user || config.User,
    cwd: posix.join("/", request.workingDir || config.WorkingDir),
    tty: request.tty,
    extraEnv: request.env ?? [],
    capabilities: request.privileged
      ? [...host.capabilities]
      : containerCapabilities(hostConfig, host),
    consoleSize: request.consoleSize,
    privileged: request.privileged,
  });
}
