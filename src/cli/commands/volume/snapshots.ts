import type { VolumeSnapshotSummary } from "../../../spec/index.ts";
import { defineCommand, exactly } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";

export const command = defineCommand({
  usage: "[OPTIONS] VOLUME",
  description: "List the snapshots of a volume, the oldest first",
  args: exactly(1),
  flags: {
    format: string(LIST_FORMAT_USAGE),
    quiet: bool("Only display names", { short: "q" }),
  },
  run: async ({ values, args, context }) => {
    const { volumes } = await context.client();
    await printList(context.stdout, SNAPSHOT_LIST, await volumes.snapshots(args[0] ?? ""), {
      format: values.format,
      ...(values.quiet ? { quietField: "Name" } : {}),
    });
    return undefined;
  },
});

const SNAPSHOT_LIST: ListSpec<VolumeSnapshotSummary> = {
  typeName: "*formatter.snapshotContext",
  headings: { Name: "SNAPSHOT", CreatedAt: "CREATED" },
  columns: ["Name", "CreatedAt"],
  row: ({ Name, CreatedAt }) => ({ Name, CreatedAt }),
};
