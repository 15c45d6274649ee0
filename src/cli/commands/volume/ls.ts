import type { Volume } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, string, toFilters } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { humanSize } from "../../format/human-size.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";
import { labelText } from "../container/container-list.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "List volumes",
  aliases: ["volume ls", "volume list"],
  args: noArguments,
  flags: {
    cluster: bool("Display only cluster volumes, and use cluster volume list formatting", {
      hidden: true,
    }),
    filter: filter('Provide filter values (e.g. "dangling=true")', { short: "f" }),
    format: string(LIST_FORMAT_USAGE),
    quiet: bool("Only display volume names", { short: "q" }),
    verbose: bool("Show who uses each volume, and which are locked", { short: "v" }),
  },
  run: async ({ values, context }) => {
    if (values.cluster) throw new CliError("cluster volumes are not supported");
    const { volumes } = await context.client();
    const { Volumes, Warnings } = await volumes.list({ filters: toFilters(values.filter) });
    for (const warning of Warnings ?? []) context.stderr.line(`WARNING: ${warning}`);
    const sorted = [...(Volumes ?? [])].sort((a, b) => (a.Name < b.Name ? -1 : 1));
    const format =
      values.format || (values.quiet ? "" : ((await context.config()).volumesFormat ?? ""));
    const spec = values.verbose
      ? { ...VOLUME_LIST, columns: ["Driver", "Name", "UsedBy", "Locked"] }
      : VOLUME_LIST;
    await printList(context.stdout, spec, sorted, {
      format,
      ...(values.quiet ? { quietField: "Name" } : {}),
    });
    return undefined;
  },
});

export const VOLUME_LIST: ListSpec<Volume> = {
  typeName: "*formatter.volumeContext",
  headings: {
    Name: "VOLUME NAME",
    Driver: "DRIVER",
    Scope: "SCOPE",
    Mountpoint: "MOUNTPOINT",
    Labels: "LABELS",
    Links: "LINKS",
    Size: "SIZE",
    Availability: "AVAILABILITY",
    Group: "GROUP",
    Status: "STATUS",
    UsedBy: "USED BY",
    Locked: "LOCKED",
  },
  columns: ["Driver", "Name"],
  raw: "name: {{.Name}}\ndriver: {{.Driver}}\n",
  row: (volume) => ({
    Name: volume.Name,
    Driver: volume.Driver,
    Scope: volume.Scope,
    Mountpoint: volume.Mountpoint,
    Labels: labelText(volume.Labels),
    Links: volume.UsageData === undefined ? "N/A" : String(volume.UsageData.RefCount),
    Size: volume.UsageData === undefined ? "N/A" : humanSize(volume.UsageData.Size),
    Availability: "N/A",
    Group: "N/A",
    Status: "N/A",
    UsedBy: usersText(volume),
    Locked: volume.Status?.Berth?.Locked === true ? "yes" : "",
    Label: (name: string) => volume.Labels?.[name] ?? "",
  }),
};

/** Names of containers; those that do not run in parentheses. */
function usersText({ Status }: Volume): string {
  const { UsedBy = [] } = Status?.Berth ?? {};
  const texts = UsedBy.map(({ Name, Running }) => (Running ? Name : `(${Name})`));
  return [...new Set(texts)].join(", ");
}
