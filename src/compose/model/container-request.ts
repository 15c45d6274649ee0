import { readFileSync } from "node:fs";
import type {
  ContainerCreateRequest,
  ContainerInspect,
  HealthConfig,
  HostConfig,
} from "../../spec/index.ts";
import { composeDuration } from "../file/compose-duration.ts";
import type { Healthcheck, Project, Service } from "../file/project.ts";
import { serviceHash } from "./config-hash.ts";
import { COMPOSE_VERSION, LABEL } from "./labels.ts";
import { serviceMounts } from "./mounts.ts";
import { imageName } from "./names.ts";
import { type NetworkingOptions, serviceNetworking, sharedNamespace } from "./networking.ts";
import { compact, restartPolicy, serviceResources } from "./resources.ts";

/** What the project's files say of where it comes from. */
export interface ProjectPlace {
  directory: string;
  files: readonly string[];
  envFiles: readonly string[];
}

export interface ContainerOptions extends NetworkingOptions {
  place: ProjectPlace;
  oneOff?: boolean;
  /** The container that this one replaces. */
  replaces?: ContainerInspect;
  /** Keep the anonymous volumes of the replaced one. */
  keepVolumes?: boolean;
  /** Id of the image. */
  imageId?: string;
  attachStdin?: boolean;
}

/** Body of `POST /containers/create` for one container of a service. Throws Error in words. */
export function containerRequest(
  project: Project,
  name: string,
  service: Service,
  options: ContainerOptions,
): ContainerCreateRequest {
  const networking = serviceNetworking(project, name, service, options);
  const inherit = options.keepVolumes === false ? undefined : options.replaces;
  const { binds, mounts } = serviceMounts(project, service, inherit);
  const stopTimeout = service.stop_grace_period;
  return {
    ...compact<ContainerCreateRequest>({
      Hostname: service.hostname,
      Domainname: service.domainname,
      User: service.user,
      Cmd: service.command ?? undefined,
      Entrypoint: service.entrypoint ?? undefined,
      WorkingDir: service.working_dir,
      StopSignal: service.stop_signal,
      StopTimeout: stopTimeout === undefined ? undefined : seconds(stopTimeout),
      Healthcheck: healthcheck(service.healthcheck),
      NetworkingConfig: networking.config,
    }),
    Image: imageName(project.name, name, service),
    Tty: service.tty ?? false,
    OpenStdin: service.stdin_open ?? false,
    StdinOnce: (options.attachStdin ?? false) && (service.stdin_open ?? false),
    AttachStdin: options.attachStdin ?? false,
    AttachStdout: true,
    AttachStderr: true,
    Env: environmentLines(service.environment),
    ExposedPorts: networking.exposed,
    Labels: labels(project, name, service, options),
    HostConfig: hostConfig(service, options, {
      Binds: binds,
      Mounts: mounts,
      NetworkMode: networking.mode,
      PortBindings: networking.bindings,
    }),
  };
}

/** `null` is a variable that is to be absent: `KEY` without a value unsets what the image has. */
const environmentLines = (environment: Service["environment"]): string[] =>
  Object.entries(environment ?? {}).map(([key, value]) =>
    value === null ? key : `${key}=${value}`,
  );

const seconds = (duration: string): number => Math.ceil(Number(composeDuration(duration)) / 1e9);

function hostConfig(
  service: Service,
  options: ContainerOptions,
  fixed: Partial<HostConfig>,
): Partial<HostConfig> {
  const { opts, unconfined } = securityOptions(service.security_opt, options.place.directory);
  const namespace = (mode: string | undefined) =>
    mode === undefined ? undefined : sharedNamespace(mode, options);
  return {
    ...fixed,
    ...serviceResources(service),
    ...compact<HostConfig>({
      RestartPolicy: options.oneOff === true ? undefined : restartPolicy(service),
      Annotations: service.annotations,
      CapAdd: service.cap_add,
      CapDrop: service.cap_drop,
      CgroupnsMode: service.cgroup,
      Dns: service.dns,
      DnsSearch: service.dns_search,
      DnsOptions: service.dns_opt,
      ExtraHosts: service.extra_hosts?.map((line) => line.replace("=", ":")),
      GroupAdd: service.group_add,
      Init: service.init,
      IpcMode: namespace(service.ipc),
      PidMode: namespace(service.pid),
      UTSMode: service.uts,
      UsernsMode: service.userns_mode,
      Isolation: service.isolation,
      OomScoreAdj: service.oom_score_adj,
      Privileged: service.privileged,
      ReadonlyRootfs: service.read_only,
      Runtime: service.runtime,
      SecurityOpt: opts,
      ShmSize: service.shm_size === undefined ? undefined : Number(service.shm_size),
      StorageOpt: service.storage_opt,
      Sysctls: service.sysctls,
      Tmpfs: tmpfs(service.tmpfs),
      VolumesFrom: volumesFrom(service.volumes_from, options),
      LogConfig: service.logging && {
        Type: service.logging.driver ?? "",
        Config: service.logging.options ?? {},
      },
      ...(unconfined ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
    }),
  };
}

function volumesFrom(given: readonly string[] | undefined, { containerOf }: ContainerOptions) {
  return given?.map((entry) => {
    if (entry.startsWith("container:")) return entry.slice("container:".length);
    const [service = "", mode] = entry.split(":");
    const id = containerOf(service);
    if (id === undefined)
      throw new Error(`cannot take the volumes of "${service}": it has no container`);
    return mode === undefined ? id : `${id}:${mode}`;
  });
}

const tmpfs = (given: readonly string[] | undefined): Record<string, string> | undefined =>
  given &&
  Object.fromEntries(
    given.map((entry) => {
      const colon = entry.indexOf(":");
      return colon < 0 ? [entry, ""] : [entry.slice(0, colon), entry.slice(colon + 1)];
    }),
  );

function securityOptions(given: readonly string[] | undefined, directory: string) {
  const opts = given
    ?.filter((option) => option !== "systempaths=unconfined")
    .map((option) => {
      const profile = /^seccomp[=:](?!unconfined$|builtin$)(.*)$/.exec(option)?.[1];
      if (profile === undefined) return option;
      const path = profile.startsWith("/") ? profile : `${directory}/${profile}`;
      return `seccomp=${JSON.stringify(JSON.parse(readFileSync(path, "utf8")))}`;
    });
  return { opts, unconfined: given?.includes("systempaths=unconfined") ?? false };
}

export function healthcheck(given: Healthcheck | undefined): HealthConfig | undefined {
  if (given === undefined) return undefined;
  if (given.disable === true) return { Test: ["NONE"] };
  const nanoseconds = (text: string | undefined) =>
    text === undefined ? undefined : Number(composeDuration(text));
  return compact<HealthConfig>({
    Test: given.test,
    Interval: nanoseconds(given.interval),
    Timeout: nanoseconds(given.timeout),
    StartPeriod: nanoseconds(given.start_period),
    StartInterval: nanoseconds(given.start_interval),
    Retries: given.retries,
  });
}

function labels(
  project: Project,
  name: string,
  service: Service,
  options: ContainerOptions,
): Record<string, string> {
  const { place, number, oneOff = false, replaces, imageId } = options;
  const dependencies = Object.entries(service.depends_on ?? {}).map(
    ([other, { condition, restart = false }]) => `${other}:${condition}:${restart}`,
  );
  return {
    ...service.labels,
    [LABEL.project]: project.name,
    [LABEL.service]: name,
    [LABEL.version]: COMPOSE_VERSION,
    [LABEL.oneOff]: oneOff ? "True" : "False",
    [LABEL.configHash]: serviceHash(service),
    [LABEL.configFiles]: place.files.join(","),
    [LABEL.workingDirectory]: place.directory,
    [LABEL.dependsOn]: dependencies.join(","),
    ...(imageId === undefined ? {} : { [LABEL.image]: imageId }),
    ...(place.envFiles.length === 0 ? {} : { [LABEL.environmentFile]: place.envFiles.join(",") }),
    ...(oneOff ? {} : { [LABEL.number]: String(number) }),
    ...(replaces === undefined ? {} : { [LABEL.replace]: replaces.Name.slice(1) }),
  };
}
