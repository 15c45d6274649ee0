import { expect, test } from "bun:test";
import type { Network } from "../spec/index.ts";
import { isOnBridge } from "./bridge-addresses.ts";

const network = (Driver: string, ...subnets: string[]) =>
  ({ Driver, IPAM: { Config: subnets.map((Subnet) => ({ Subnet })) } }) as Network;

test("isOnBridge() knows containers by their subnets", () => {
  const withGateway = network("bridge", "10.7.0.0/24");
  for (const pool of withGateway.IPAM.Config ?? []) pool.Gateway = "10.7.0.1";
  const networks = [
    withGateway,
    network("host"),
    network("bridge", "10.5.0.0/24", "fd00:5::/64"),
    network("macvlan", "192.168.1.0/24"),
  ];
  for (const address of ["10.5.0.2", "::ffff:10.5.0.7", "fd00:5::9"]) {
    expect([address, isOnBridge(networks, address)]).toEqual([address, true]);
  }
  for (const address of [
    "10.6.0.2",
    "127.0.0.1",
    "192.168.1.3",
    "10.7.0.1",
    "::1",
    "fd00:6::1",
    "",
    "x",
  ]) {
    expect([address, isOnBridge(networks, address)]).toEqual([address, false]);
  }
});
