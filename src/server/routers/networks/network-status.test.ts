import { expect, test } from "bun:test";
import type { Network } from "../../../spec/index.ts";
import { networkStatus } from "./network-status.ts";

const network = (config: Network["IPAM"]["Config"], addresses: [string, string][] = []) =>
  ({
    IPAM: { Driver: "default", Options: null, Config: config },
    Containers: Object.fromEntries(
      addresses.map(([IPv4Address, IPv6Address], index) => [
        `c${index}`,
        { Name: "", EndpointID: "", MacAddress: "", IPv4Address, IPv6Address },
      ]),
    ),
  }) as unknown as Network;

test("networkStatus() counts gateway, members, reservations and what is no host's", () => {
  const config = [
    { Subnet: "10.1.0.0/24", Gateway: "10.1.0.1", AuxiliaryAddresses: { router: "10.1.0.9" } },
    { Subnet: "fd00:1::/64", Gateway: "fd00:1::1" },
  ];
  const members: [string, string][] = [
    ["10.1.0.2/24", "fd00:1::2/64"],
    ["10.1.0.3/24", ""],
  ];
  expect(networkStatus(network(config, members)).IPAM.Subnets).toEqual({
    "10.1.0.0/24": { IPsInUse: 6, DynamicIPsAvailable: 250 },
    "fd00:1::/64": { IPsInUse: 3, DynamicIPsAvailable: Number(2n ** 64n - 3n) },
  });
});

test("networkStatus() counts what is free within the range that addresses are given out of", () => {
  const config = [{ Subnet: "10.1.0.0/16", IPRange: "10.1.5.0/28", Gateway: "10.1.0.1" }];
  expect(networkStatus(network(config, [["10.1.5.3/16", ""]])).IPAM.Subnets).toEqual({
    "10.1.0.0/16": { IPsInUse: 4, DynamicIPsAvailable: 15 },
  });
  expect(networkStatus(network(null)).IPAM.Subnets).toEqual({});
});
