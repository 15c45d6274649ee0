import type { EnginePlugin } from "../../spec/index.ts";
import { defineCommand, noArguments } from "../command.ts";
import { bool, filter, string, toFilters } from "../flags/flag-kinds.ts";
import { ellipsis } from "../format/ellipsis.ts";
import { LIST_FORMAT_USAGE } from "../format/format-flag.ts";
import { type ListSpec, printList } from "../format/list-format.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "List plugins",
  aliases: ["plugin ls", "plugin list"],
  args: noArguments,
  flags: {
    filter: filter('Provide filter values (e.g. "enabled=true")', { short: "f" }),
    format: string(LIST_FORMAT_USAGE),
    "no-trunc": bool("Don't truncate output"),
    quiet: bool("Only display plugin IDs", { short: "q" }),
  },
  run: async ({ values, context }) => {
    const { system } = await context.client();
    const plugins = await system.plugins(toFilters(values.filter));
    const format =
      values.format || (values.quiet ? "" : ((await context.config()).pluginsFormat ?? ""));
    await printList(context.stdout, pluginList(!values["no-trunc"]), plugins, {
      format,
      ...(values.quiet ? { quietField: "ID" } : {}),
    });
    return undefined;
  },
});

function pluginList(truncate: boolean): ListSpec<EnginePlugin> {
  return {
    typeName: "*plugin.pluginContext",
    headings: {
      Description: "DESCRIPTION",
      Enabled: "ENABLED",
      ID: "ID",
      Name: "NAME",
      PluginReference: "PLUGIN REFERENCE",
    },
    columns: ["ID", "Name", "Description", "Enabled"],
    raw: "plugin_id: {{.ID}}\nname: {{.Name}}\ndescription: {{.Description}}\nenabled: {{.Enabled}}\n",
    row: ({ Id = "", Name, Config, Enabled, PluginReference = "" }) => {
      const description = Config.Description.replaceAll("\n", "").replaceAll("\r", "");
      return {
        Description: truncate ? ellipsis(description, 45) : description,
        Enabled,
        ID: truncate ? Id.slice(0, 12) : Id,
        Name,
        PluginReference,
      };
    },
  };
}
