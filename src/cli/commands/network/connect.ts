import { CliError } from "../../cli-error.ts";
import { defineCommand, exactly } from "../../command.ts";
import { validateLink } from "../../container-config/names.ts";
import { int, list, splitPair, string, strings } from "../../flags/flag-kinds.ts";

export const command = defineCommand({
  usage: "[OPTIONS] NETWORK CONTAINER",
  description: "Connect a container to a network",
  args: exactly(2),
  flags: {
    alias: strings("Add network-scoped alias for the container"),
    "driver-opt": strings("driver options for the network"),
    "gw-priority": int(
      "Highest gw-priority provides the default gateway. Accepts positive and negative values.",
    ),
    ip: string('IPv4 address (e.g., "172.30.100.104")'),
    ip6: string('IPv6 address (e.g., "2001:db8::33")'),
    link: list("Add link to another container", { validate: validateLink }),
    "link-local-ip": strings("Add a link-local address for the container"),
  },
  run: async ({ values, args, context }) => {
    const [network = "", container = ""] = args;
    const options = values["driver-opt"].map(splitPair);
    if (!values["driver-opt"].every((option) => option.includes("="))) {
      throw new CliError("invalid key/value pair format in driver options");
    }
    const { ip, ip6 } = values;
    const linkLocal = values["link-local-ip"];
    const { networks } = await context.client();
    await networks.connect(network, {
      Container: container,
      EndpointConfig: {
        IPAMConfig: {
          ...(ip === "" ? {} : { IPv4Address: ip }),
          ...(ip6 === "" ? {} : { IPv6Address: ip6 }),
          ...(linkLocal.length === 0 ? {} : { LinkLocalIPs: [...linkLocal] }),
        },
        Links: values.link.length === 0 ? null : [...values.link],
        Aliases: values.alias.length === 0 ? null : [...values.alias],
        DriverOpts: options.length === 0 ? null : Object.fromEntries(options),
        GwPriority: values["gw-priority"],
      },
    });
    return undefined;
  },
});
