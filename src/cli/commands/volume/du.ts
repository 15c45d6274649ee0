import type { VolumeSpace } from "../../../spec/index.ts";
import { defineCommand } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { humanSize } from "../../format/human-size.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [VOLUME...]",
  description: "Show what volumes take, and their snapshots (VOLUME@SNAPSHOT), the largest first",
  args: () => {},
  flags: {
    bytes: bool("Show exact numbers of bytes", { short: "b" }),
    format: string(LIST_FORMAT_USAGE),
  },
  run: async ({ values, args, context }) => {
    const { volumes } = await context.client();
    const names =
      args.length > 0 ? args : ((await volumes.list()).Volumes ?? []).map(({ Name }) => Name);
    const spaces: VolumeSpace[] = [];
    for (const name of names) {
      const report = await volumes.usage(name);
      const own = report.Snapshots.map((each) => ({ ...each, Name: `${name}@${each.Name}` }));
      spaces.push(report, ...own);
    }
    spaces.sort((a, b) => b.DiskSize - a.DiskSize);
    const size = values.bytes ? String : humanSize;
    await printList(context.stdout, spaceList(size), spaces, { format: values.format });
    return undefined;
  },
});

function spaceList(size: (bytes: number) => string): ListSpec<VolumeSpace> {
  return {
    typeName: "*formatter.volumeSpaceContext",
    headings: { Name: "VOLUME NAME", Size: "SIZE", DiskSize: "ON DISK", Files: "FILES" },
    columns: ["Name", "Size", "DiskSize", "Files"],
    row: ({ Name, Size, DiskSize, Files }) => ({
      Name,
      Size: size(Size),
      DiskSize: size(DiskSize),
      Files: String(Files),
    }),
  };
}
