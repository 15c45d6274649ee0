import type { IpamPool } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import { defineCommand, exactly } from "../../command.ts";
import { validateLabel } from "../../container-config/environment.ts";
import { bool, list, map, splitPair, string, strings } from "../../flags/flag-kinds.ts";
import { type PoolFlags, resolvePools } from "./ipam-pools.ts";

export const command = defineCommand({
  usage: "[OPTIONS] NETWORK",
  description: "Create a network",
  args: exactly(1),
  flags: {
    attachable: bool("Enable manual container attachment"),
    "aux-address": map("Auxiliary IPv4 or IPv6 addresses used by Network driver", {
      shown: "map[]",
    }),
    "config-from": string("The network from which to copy the configuration"),
    "config-only": bool("Create a configuration only network"),
    driver: string("Driver to manage the Network", { short: "d", initial: "bridge" }),
    gateway: strings("IPv4 or IPv6 Gateway for the master subnet"),
    ingress: bool("Create swarm routing-mesh network"),
    internal: bool("Restrict external access to the network"),
    "ip-range": strings("Allocate container ip from a sub-range"),
    "ipam-driver": string("IP Address Management Driver", { initial: "default" }),
    "ipam-opt": map("Set IPAM driver specific options", { shown: "map[]" }),
    ipv4: bool("Enable or disable IPv4 address assignment", { initial: true }),
    ipv6: bool("Enable or disable IPv6 address assignment"),
    label: list("Set metadata on a network", { validate: validateLabel }),
    opt: map("Set driver specific options", { short: "o", shown: "map[]" }),
    scope: string("Control the network's scope"),
    subnet: strings("Subnet in CIDR format that represents a network segment"),
  },
  run: async ({ values, changed, args, context }) => {
    const pools = readPools({
      subnets: values.subnet,
      ranges: values["ip-range"],
      gateways: values.gateway,
      auxiliary: values["aux-address"],
    });
    const { networks } = await context.client();
    const { Id, Warning } = await networks.create({
      Name: args[0] ?? "",
      Driver: values.driver,
      Options: { ...values.opt },
      IPAM: {
        Driver: values["ipam-driver"],
        Options: { ...values["ipam-opt"] },
        Config: pools,
      },
      Internal: values.internal,
      Attachable: values.attachable,
      Ingress: values.ingress,
      Scope: values.scope,
      ConfigOnly: values["config-only"],
      ...(values["config-from"] === "" ? {} : { ConfigFrom: { Network: values["config-from"] } }),
      ...(changed.has("ipv4") ? { EnableIPv4: values.ipv4 } : {}),
      ...(changed.has("ipv6") ? { EnableIPv6: values.ipv6 } : {}),
      Labels: Object.fromEntries(values.label.map(splitPair)),
    });
    if (Warning !== undefined && Warning !== "") context.stderr.line(`WARNING: ${Warning}`);
    context.stdout.line(Id);
    return undefined;
  },
});

function readPools(flags: PoolFlags): IpamPool[] {
  try {
    return resolvePools(flags);
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error));
  }
}
