import type { RuntimeHost } from "../../runtime/index.ts";
import type {
  ContainerConfig,
  ContainerCreateRequest,
  HostConfig,
  NetworkingConfig,
  Resources,
} from "../../spec/index.ts";

export interface CompleteCreateRequest {
  config: ContainerConfig;
  hostConfig: HostConfig;
  networkingConfig: NetworkingConfig;
}

/** Fills in what a create request leaves out with Docker's defaults; validates nothing. */
export function completeCreateRequest(
  _request: ContainerCreateRequest,
  _host: RuntimeHost,
): CompleteCreateRequest {
  throw new Error("not yet");
}

/**
 * Checks a container's configuration before anything is made, with Docker's messages
 * (`invalid-argument` mostly). What the kernel cannot do and Docker lets pass is taken out of
 * `hostConfig` and returned as warnings.
 */
export function validateCreate(
  _name: string | undefined,
  _request: CompleteCreateRequest,
  _host: RuntimeHost,
): string[] {
  throw new Error("not yet");
}

/** The same for `update`; `current` is what the container has. Returns warnings. */
export function validateResources(
  _resources: Partial<Resources>,
  _host: RuntimeHost,
  _current?: HostConfig,
): string[] {
  throw new Error("not yet");
}
