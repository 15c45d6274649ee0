import { shortId } from "../../../spec/ids.ts";
import type { Network } from "../../../spec/index.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, string, toFilters } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";
import { goTimeUtc } from "../../format/time.ts";
import { labelText } from "../container/container-list.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "List networks",
  aliases: ["network ls", "network list"],
  args: noArguments,
  flags: {
    filter: filter('Provide filter values (e.g. "driver=bridge")', { short: "f" }),
    format: string(LIST_FORMAT_USAGE),
    "no-trunc": bool("Do not truncate the output"),
    quiet: bool("Only display network IDs", { short: "q" }),
  },
  run: async ({ values, context }) => {
    const client = await context.client();
    const networks = await client.networks.list({ filters: toFilters(values.filter) });
    const sorted = [...networks].sort((a, b) => (a.Name < b.Name ? -1 : 1));
    const format =
      values.format || (values.quiet ? "" : ((await context.config()).networksFormat ?? ""));
    await printList(context.stdout, networkList(!values["no-trunc"]), sorted, {
      format,
      ...(values.quiet ? { quietField: "ID" } : {}),
    });
    return undefined;
  },
});

function networkList(truncate: boolean): ListSpec<Network> {
  return {
    typeName: "*network.networkContext",
    headings: {
      ID: "NETWORK ID",
      Name: "NAME",
      Driver: "DRIVER",
      Scope: "SCOPE",
      IPv4: "IPV4",
      IPv6: "IPV6",
      Internal: "INTERNAL",
      Labels: "LABELS",
      CreatedAt: "CREATED AT",
    },
    columns: ["ID", "Name", "Driver", "Scope"],
    raw: "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n",
    row: (network) => ({
      ID: truncate ? shortId(network.Id) : network.Id,
      Name: network.Name,
      Driver: network.Driver,
      Scope: network.Scope,
      IPv4: String(network.EnableIPv4 ?? false),
      IPv6: String(network.EnableIPv6),
      Internal: String(network.Internal),
      Labels: labelText(network.Labels),
      CreatedAt: goTimeUtc(network.Created),
      Label: (name: string) => network.Labels?.[name] ?? "",
    }),
  };
}
