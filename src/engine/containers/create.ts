import { validateLogOptions } from "../../logs/index.ts";
import { cgroupNames } from "../../runtime/index.ts";
import {
  type ContainerCreateOptions,
  type ContainerCreateRequest,
  type ContainerCreateResponse,
  type ContainerId,
  type HostConfig,
  hostPlatform,
  type ImageConfig,
  invalidArgument,
  parsePlatform,
  platformDistance,
  platformString,
  randomId,
} from "../../spec/index.ts";
import { NEVER, timestamp } from "../clock.ts";
import type { EngineConfig } from "../config.ts";
import type { EngineContext } from "../context.ts";
import type { ResolvedImage } from "../images/index.ts";
import { StepTimes } from "../step-times.ts";
import { createPluginVolumes } from "../volumes/plugins/plugin-verbs.ts";
import { publishContainerEvent } from "./container-events.ts";
import { defaultHostname } from "./container-files.ts";
import type { ContainerRecord, MountRecord } from "./container-record.ts";
import { emptyEndpoint, emptyNetworkSettings } from "./container-view.ts";
import { checkLinks } from "./links.ts";
import { createVolumes, fillVolumes } from "./mounts/create-volumes.ts";
import type { WantedMount } from "./mounts/parse-mounts.ts";
import { planMounts } from "./mounts/plan-mounts.ts";
import { parseRestartPolicy } from "./restart-policy.ts";
import { commandLine, mergeRunConfig } from "./run-config.ts";
import { completeCreateRequest, storageSize, validateCreate } from "./validate-host-config.ts";

/** Makes a container that is ready to start. Nothing of it is left when it fails. */
export async function createContainer(
  context: EngineContext,
  request: ContainerCreateRequest,
  options: ContainerCreateOptions,
): Promise<ContainerCreateResponse> {
  const steps = new StepTimes();
  const complete = completeCreateRequest(request, context.host);
  const hostConfig = withDaemonDefaults(complete.hostConfig, context.config);
  hostConfig.Runtime = chooseRuntime(context, hostConfig.Runtime);
  const warnings = validateCreate(options.name, { ...complete, hostConfig }, context.host);
  hostConfig.RestartPolicy = parseRestartPolicy(hostConfig.RestartPolicy, hostConfig.AutoRemove);
  checkLinks(context, { hostConfig });
  validateLogOptions(hostConfig.LogConfig.Type, hostConfig.LogConfig.Config);
  const image =
    complete.config.Image === ""
      ? undefined
      : await context.images.resolve(
          complete.config.Image,
          options.platform === undefined ? undefined : parsePlatform(options.platform),
        );
  if (image !== undefined && options.platform === undefined) {
    warnings.push(...platformWarning(image.config));
  }
  steps.done("check");
  const config = mergeRunConfig(complete.config, image?.config.config);
  commandLine(config);
  const mounts = planMounts(config, hostConfig, context.containers);
  await findImages(context, mounts);
  refuseUnmappable(context, hostConfig.Runtime, mounts);
  const endpoints = complete.networkingConfig.EndpointsConfig ?? {};
  const id = randomId<ContainerId>();
  const name = context.containers.reserveName(options.name, id);
  try {
    const record = newRecord(context, { id, name, image, config, hostConfig, endpoints });
    steps.done("plan");
    await make(context, record, mounts, image);
    steps.done("store");
  } catch (error) {
    context.containers.releaseName(name, id);
    throw error;
  }
  steps.tell(context.log, "create");
  return { Id: id, Warnings: warnings };
}

/** The ids of the images that are to be mounted. */
async function findImages(
  { images }: EngineContext,
  mounts: readonly WantedMount[],
): Promise<void> {
  for (const mount of mounts) {
    if (mount.type === "image") mount.name = (await images.resolve(mount.source)).id;
  }
}

/** A runtime that does not know the option would leave the owners as they are, without a word. */
function refuseUnmappable(
  { runtimes, runtime }: Pick<EngineContext, "runtimes" | "runtime">,
  name: string,
  mounts: readonly WantedMount[],
): void {
  if ((runtimes.get(name) ?? runtime).mapsOwners) return;
  const mapped = mounts.find(({ idmap }) => idmap !== undefined);
  if (mapped === undefined) return;
  throw invalidArgument(
    `Cannot map the owners of "${mapped.destination}": the runtime ${name} does not know idmap, use crun`,
  );
}

/**
 * The order makes a kill at any instant harmless: volumes appear together with a record that says
 * `creating` and names them, a directory without a record is swept away at the next start, and the
 * container is one only with the last write.
 */
async function make(
  context: EngineContext,
  record: ContainerRecord,
  wanted: readonly WantedMount[],
  image: ResolvedImage | undefined,
): Promise<void> {
  const { store } = context;
  const hasVolumes = wanted.some((mount) => mount.type === "volume");
  if (hasVolumes) {
    const named = await createPluginVolumes(context, wanted);
    record.pending = "creating";
    store.records.transaction(() => {
      record.mounts = createVolumes(context, named);
      context.containers.persist(record);
    });
  } else record.mounts = wanted.map(toRecord);
  try {
    const layers = image === undefined ? [] : (store.images.get(image.id)?.layers ?? []);
    store.snapshots.prepareContainer(
      record.id,
      layers.map((layer) => layer.chainId),
      { size: storageSize(record.hostConfig) },
    );
    if (hasVolumes) await fillVolumes(context, record);
  } catch (error) {
    unmake(context, record);
    throw error;
  }
  delete record.pending;
  publishContainerEvent(context, context.containers.add(record), "create");
}

/** Takes back what `make` has made. */
export function unmake(
  context: Pick<EngineContext, "store" | "containers">,
  record: ContainerRecord,
): void {
  const { snapshots, volumes } = context.store;
  snapshots.removeContainer(record.id);
  for (const mount of record.mounts) {
    if (mount.type !== "volume" || mount.name === undefined) continue;
    volumes.release(mount.name, record.id);
    if (mount.anonymous && volumes.has(mount.name)) volumes.remove(mount.name);
  }
  context.containers.discard(record);
}

function toRecord({ volume: _, ...mount }: WantedMount): MountRecord {
  return mount;
}

function newRecord(
  context: EngineContext,
  parts: Pick<ContainerRecord, "id" | "name" | "config" | "hostConfig"> & {
    image: ResolvedImage | undefined;
    endpoints: Record<string, object | null>;
  },
): ContainerRecord {
  const { id, name, image, config, hostConfig } = parts;
  const { path, args } = commandLine(config);
  const endpoints = Object.fromEntries(
    Object.entries(parts.endpoints).map(([network, endpoint]) => [
      network === "default" ? "bridge" : network,
      endpoint ?? {},
    ]),
  );
  return {
    id,
    name,
    created: timestamp(context.clock.nanoseconds()),
    imageId: image?.id ?? "",
    config: {
      ...config,
      Hostname: config.Hostname || defaultHostname(id, hostConfig.NetworkMode, hostConfig.UTSMode),
    },
    hostConfig,
    endpoints,
    mounts: [],
    path,
    args,
    state: {
      status: "created",
      pid: 0,
      exitCode: 0,
      error: "",
      oomKilled: false,
      startedAt: NEVER,
      finishedAt: NEVER,
    },
    network: plannedNetworks(hostConfig.NetworkMode, endpoints),
    restartCount: 0,
    stoppedByUser: false,
    cgroupPath: cgroupNames(context.host, id, hostConfig.CgroupParent).path,
    bootId: "",
  };
}

/** What `inspect` shows of the networks before the first start. */
function plannedNetworks(networkMode: string, endpoints: ContainerRecord["endpoints"]) {
  if (networkMode.startsWith("container:")) return emptyNetworkSettings();
  const names = new Set([networkMode, ...Object.keys(endpoints)]);
  return emptyNetworkSettings(
    Object.fromEntries([...names].map((name) => [name, emptyEndpoint(endpoints[name])])),
  );
}

function withDaemonDefaults(hostConfig: HostConfig, defaults: EngineConfig): HostConfig {
  const { LogConfig, NetworkMode, Ulimits } = hostConfig;
  const driver = LogConfig.Type || defaults.logDriver;
  const unsaid = LogConfig.Type === "" && Object.keys(LogConfig.Config).length === 0;
  const logOptions = (unsaid ? defaults.unsaidLogOptions : undefined) ?? defaults.logOptions;
  const named = new Set((Ulimits ?? []).map((ulimit) => ulimit.Name));
  const ulimits = [
    ...(Ulimits ?? []),
    ...defaults.defaultUlimits.filter((ulimit) => !named.has(ulimit.Name)),
  ];
  return {
    ...hostConfig,
    NetworkMode: NetworkMode === "" || NetworkMode === "default" ? "bridge" : NetworkMode,
    LogConfig: {
      Type: driver,
      Config: {
        ...(driver === defaults.logDriver ? logOptions : {}),
        ...LogConfig.Config,
      },
    },
    ShmSize: hostConfig.ShmSize || defaults.defaultShmSize,
    Ulimits: ulimits.length === 0 ? Ulimits : ulimits,
    ...(hostConfig.Init === undefined && defaults.init ? { Init: true } : {}),
    CgroupParent: hostConfig.CgroupParent || defaults.cgroupParent,
  };
}

function chooseRuntime(context: EngineContext, wanted: string): string {
  // What clients of a Docker with its usual runtime name.
  if (wanted === "" || wanted === "io.containerd.runc.v2") return context.runtime.probe.name;
  if (!context.runtimes.has(wanted)) {
    throw invalidArgument(`unknown or invalid runtime name: ${wanted}`);
  }
  return wanted;
}

function platformWarning(image: ImageConfig): string[] {
  const host = hostPlatform();
  const offered = {
    os: image.os,
    architecture: image.architecture,
    ...(image.variant === undefined ? {} : { variant: image.variant }),
  };
  if (platformDistance(host, offered) !== undefined) return [];
  return [
    `The requested image's platform (${platformString(offered)}) does not match the detected host platform (${platformString(host)}) and no specific platform was requested`,
  ];
}
