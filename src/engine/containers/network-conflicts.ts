import { type ContainerConfig, type HostConfig, invalidArgument } from "../../spec/index.ts";

const conflicting = (what: string) => invalidArgument(`conflicting options: ${what}`);

/** Each is true where the request has it; the text is Docker's. */
type Conflict = [present: boolean, text: string];

const filled = (list: readonly unknown[] | null | undefined): boolean => (list?.length ?? 0) > 0;

function withContainerNetwork(config: ContainerConfig, hostConfig: HostConfig): Conflict[] {
  const links =
    "container type network can't be used with links. This would result in undefined behavior";
  return [
    [config.Hostname !== "", "hostname and the network mode"],
    [filled(hostConfig.Links), links],
    [filled(hostConfig.Dns), "dns and the network mode"],
    [filled(hostConfig.ExtraHosts), "custom host-to-IP mapping and the network mode"],
    [Boolean(config.MacAddress), "mac-address and the network mode"],
    [
      hostConfig.PublishAllPorts || Object.keys(hostConfig.PortBindings ?? {}).length > 0,
      "port publishing and the container type network mode",
    ],
    [
      Object.keys(config.ExposedPorts ?? {}).length > 0,
      "port exposing and the container type network mode",
    ],
  ];
}

/** Options that cannot go together with the network mode. */
export function checkNetworkConflicts(config: ContainerConfig, hostConfig: HostConfig): void {
  const { NetworkMode } = hostConfig;
  const inContainer = NetworkMode === "container" || NetworkMode.startsWith("container:");
  if (inContainer && NetworkMode.length <= "container:".length) {
    throw invalidArgument("Invalid network mode: invalid container format container:<name|id>");
  }
  if (hostConfig.UTSMode === "host" && config.Hostname !== "") {
    throw conflicting("hostname and the UTS mode");
  }
  if (NetworkMode === "host" && filled(hostConfig.Links)) {
    throw conflicting(
      "host type networking can't be used with links. This would result in undefined behavior",
    );
  }
  if (!inContainer) return;
  for (const [present, text] of withContainerNetwork(config, hostConfig)) {
    if (present) throw conflicting(text);
  }
}
