import type { NetworkCreateRequest, VolumeCreateRequest } from "../../spec/index.ts";
import type { Network, Volume } from "../file/project.ts";
import { networkHash } from "./config-hash.ts";
import { COMPOSE_VERSION, LABEL } from "./labels.ts";

export function networkRequest(
  project: string,
  key: string,
  network: Network,
): NetworkCreateRequest {
  const { ipam } = network;
  return {
    Name: network.name,
    Driver: network.driver ?? "bridge",
    Options: network.driver_opts ?? {},
    Internal: network.internal ?? false,
    Attachable: network.attachable ?? false,
    ...(network.enable_ipv4 === undefined ? {} : { EnableIPv4: network.enable_ipv4 }),
    ...(network.enable_ipv6 === undefined ? {} : { EnableIPv6: network.enable_ipv6 }),
    ...(ipam === undefined
      ? {}
      : {
          IPAM: {
            Driver: ipam.driver ?? "default",
            Options: ipam.options ?? null,
            Config: (ipam.config ?? []).map((pool) => ({
              ...(pool.subnet === undefined ? {} : { Subnet: pool.subnet }),
              ...(pool.ip_range === undefined ? {} : { IPRange: pool.ip_range }),
              ...(pool.gateway === undefined ? {} : { Gateway: pool.gateway }),
              ...(pool.aux_addresses === undefined
                ? {}
                : { AuxiliaryAddresses: pool.aux_addresses }),
            })),
          },
        }),
    Labels: {
      ...network.labels,
      [LABEL.configHash]: networkHash(network),
      [LABEL.network]: key,
      [LABEL.project]: project,
      [LABEL.version]: COMPOSE_VERSION,
    },
  };
}

export function volumeRequest(project: string, key: string, volume: Volume): VolumeCreateRequest {
  return {
    Name: volume.name,
    ...(volume.driver === undefined ? {} : { Driver: volume.driver }),
    DriverOpts: volume.driver_opts ?? {},
    Labels: {
      ...volume.labels,
      [LABEL.project]: project,
      [LABEL.version]: COMPOSE_VERSION,
      [LABEL.volume]: key,
    },
  };
}
