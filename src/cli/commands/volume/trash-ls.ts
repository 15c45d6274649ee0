import type { TrashedVolumeSummary } from "../../../spec/index.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { humanSize } from "../../format/human-size.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "List removed volumes that can still be brought back, the latest first",
  aliases: ["volume trash ls", "volume trash list"],
  args: noArguments,
  flags: {
    format: string(LIST_FORMAT_USAGE),
    quiet: bool("Only display ids", { short: "q" }),
  },
  run: async ({ values, context }) => {
    const { volumes } = await context.client();
    await printList(context.stdout, TRASH_LIST, await volumes.trash(), {
      format: values.format,
      ...(values.quiet ? { quietField: "ID" } : {}),
    });
    return undefined;
  },
});

const second = (time: string): string => time.replace(/\.\d+Z$/, "Z");

const TRASH_LIST: ListSpec<TrashedVolumeSummary> = {
  typeName: "*formatter.volumeTrashContext",
  headings: {
    ID: "ID",
    Name: "VOLUME NAME",
    RemovedAt: "REMOVED",
    ExpiresAt: "KEPT UNTIL",
    Size: "SIZE",
  },
  columns: ["ID", "Name", "RemovedAt", "ExpiresAt", "Size"],
  row: ({ Id, Name, RemovedAt, ExpiresAt, Size }) => ({
    ID: Id,
    Name,
    RemovedAt: second(RemovedAt),
    ExpiresAt: second(ExpiresAt),
    Size: humanSize(Size),
  }),
};
