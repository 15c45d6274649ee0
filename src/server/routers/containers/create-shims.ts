import {
  type ContainerCreateRequest,
  type EndpointSettings,
  type HostConfig,
  invalidArgument,
  type Mount,
} from "../../../spec/index.ts";

interface Draft {
  request: ContainerCreateRequest;
  host: Partial<HostConfig>;
  mounts: Mount[];
  endpoints: Record<string, Partial<EndpointSettings> | null>;
  version: number;
}

/**
 * Gives a create request of an old API version the meaning that it had there, so that the engine knows
 * the newest one alone; checks what the newest version refuses. Changes the request in place.
 * @returns warnings
 * @throws invalid-argument in Docker's words
 */
export function adaptCreateRequest(request: ContainerCreateRequest, version: number): string[] {
  request.HostConfig ??= {};
  request.NetworkingConfig ??= {};
  request.NetworkingConfig.EndpointsConfig ??= {};
  const draft: Draft = {
    request,
    host: request.HostConfig,
    mounts: request.HostConfig.Mounts ?? [],
    endpoints: request.NetworkingConfig.EndpointsConfig,
    version,
  };
  adaptHost(draft);
  adaptMounts(draft);
  adaptEndpoints(draft);
  if ((draft.host.PidsLimit ?? 1) <= 0) draft.host.PidsLimit = null;
  return [...volumeDriverWarning(draft), ...adaptMacAddress(draft)];
}

function adaptHost({ request, host, version }: Draft): void {
  if (version < 25) {
    // The client removed the container itself, and there was one time to stop for all.
    host.AutoRemove = false;
    delete request.StopTimeout;
  }
  if (version >= 52) delete host.KernelMemoryTCP;
  if (version < 40 && !host.IpcMode) host.IpcMode = "shareable";
  if (version < 41 && !host.CgroupnsMode) host.CgroupnsMode = "host";
  if (version < 42) host.ConsoleSize = [0, 0];
  if (version < 43) delete host.Annotations;
  if (version < 44 && request.Healthcheck) delete request.Healthcheck.StartInterval;
}

function adaptMounts({ mounts, version }: Draft): void {
  for (const mount of mounts) {
    if (version < 40) delete mount.BindOptions?.NonRecursive;
    if (version < 42) {
      delete mount.BindOptions?.CreateMountpoint;
      if (mount.Type !== "volume") delete mount.VolumeOptions;
      if (mount.Type !== "tmpfs") delete mount.TmpfsOptions;
    }
    checkMount(mount);
    if (version < 44 && mount.BindOptions?.ReadOnlyForceRecursive) {
      throw invalidArgument("BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer");
    }
    if (version < 44 && mount.Type === "bind" && mount.ReadOnly) {
      mount.BindOptions = { ...mount.BindOptions, ReadOnlyNonRecursive: true };
    }
    if (version < 45 && mount.VolumeOptions?.Subpath) {
      throw invalidArgument("VolumeOptions.Subpath needs API v1.45 or newer");
    }
    if (version < 48 && mount.Type === "image") {
      throw invalidArgument('Mount type "Image" needs API v1.48 or newer');
    }
  }
}

function checkMount(mount: Mount): void {
  const refuse = (options: string): never => {
    throw invalidArgument(
      `${options} must not be specified on mount type ${JSON.stringify(mount.Type)}`,
    );
  };
  if (mount.VolumeOptions && mount.Type !== "volume") refuse("VolumeOptions");
  if (mount.BindOptions && mount.Type !== "bind") refuse("BindOptions");
  if (mount.TmpfsOptions && mount.Type !== "tmpfs") refuse("TmpfsOptions");
}

function adaptEndpoints({ endpoints, version }: Draft): void {
  const names = Object.keys(endpoints);
  if (version < 44 && names.length > 1) {
    throw invalidArgument(
      `Container cannot be created with multiple network endpoints: ${names.join(", ")}`,
    );
  }
  if (version >= 48) return;
  for (const endpoint of Object.values(endpoints)) delete endpoint?.GwPriority;
}

function volumeDriverWarning({ host, mounts, version }: Draft): string[] {
  if (!host.VolumeDriver || version < 48) return [];
  const ambiguous = mounts.some(
    (mount) => mount.Type === "volume" && !mount.VolumeOptions?.DriverConfig?.Name,
  );
  if (!ambiguous) return [];
  return [
    "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. Use '--mount type=volume,volume-driver=...' instead",
  ];
}

/** The address belongs to an endpoint since 1.44; before, the container had one. */
function adaptMacAddress({ request, host, endpoints, version }: Draft): string[] {
  const address = request.MacAddress;
  delete request.MacAddress;
  if (version >= 52) return [];
  if (!address) {
    if (version < 44) for (const endpoint of Object.values(endpoints)) delete endpoint?.MacAddress;
    return [];
  }
  const mode = host.NetworkMode || "default";
  const hasEndpoint = !/^(?:none|host|container:.*)$/.test(mode);
  if (version < 44 && !hasEndpoint) {
    throw invalidArgument("conflicting options: mac-address and the network mode");
  }
  if (hasEndpoint) moveMacAddress(address, mainEndpoint(endpoints, mode, version));
  if (version < 44) return [];
  return [
    "The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.",
  ];
}

function mainEndpoint(
  endpoints: Draft["endpoints"],
  mode: string,
  version: number,
): Partial<EndpointSettings> {
  const names = Object.keys(endpoints);
  const bridge = mode === "default" || mode === "bridge";
  const name =
    names.find((key) => key === mode || (bridge && (key === "bridge" || key === "default"))) ??
    (version < 44 ? names[0] : undefined);
  if (name === undefined && names.length > 0) {
    throw invalidArgument(
      "unable to migrate container-wide MAC address to a specific network: HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks",
    );
  }
  const key = name ?? (bridge ? "bridge" : mode);
  const endpoint = endpoints[key] ?? {};
  endpoints[key] = endpoint;
  return endpoint;
}

function moveMacAddress(address: string, endpoint: Partial<EndpointSettings>): void {
  if (endpoint.MacAddress && endpoint.MacAddress.toLowerCase() !== address.toLowerCase()) {
    throw invalidArgument(
      "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty",
    );
  }
  endpoint.MacAddress = address;
}
