import { shortId } from "../../../spec/ids.ts";
import type { ImageHistoryItem } from "../../../spec/index.ts";
import { defineCommand, exactly } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { ellipsis } from "../../format/ellipsis.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { humanSize } from "../../format/human-size.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";
import { ago, rfc3339 } from "../../format/time.ts";

export const command = defineCommand({
  usage: "[OPTIONS] IMAGE",
  description: "Show the history of an image",
  aliases: ["image history", "history"],
  args: exactly(1),
  flags: {
    format: string(LIST_FORMAT_USAGE),
    human: bool("Print sizes and dates in human readable format", { short: "H", initial: true }),
    "no-trunc": bool("Don't truncate output"),
    platform: string(
      'Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    ),
    quiet: bool("Only show image IDs", { short: "q" }),
  },
  run: async ({ values, args, context }) => {
    const { images } = await context.client();
    const options = values.platform === "" ? {} : { platform: values.platform };
    const items = await images.history(args[0] ?? "", options);
    const spec = historyList({ human: values.human, truncate: !values["no-trunc"] });
    await printList(context.stdout, spec, items, {
      format: values.format,
      ...(values.quiet ? { quietField: "ID" } : {}),
    });
    return undefined;
  },
});

function historyList(options: { human: boolean; truncate: boolean }): ListSpec<ImageHistoryItem> {
  const { human, truncate } = options;
  return {
    typeName: "*formatter.historyContext",
    headings: {
      ID: "IMAGE",
      CreatedSince: "CREATED",
      CreatedAt: "CREATED AT",
      CreatedBy: "CREATED BY",
      Size: "SIZE",
      Comment: "COMMENT",
    },
    columns: ["ID", human ? "CreatedSince" : "CreatedAt", "CreatedBy", "Size", "Comment"],
    row: ({ Id, Created, CreatedBy, Size, Comment }) => {
      const command = CreatedBy.replaceAll("\t", " ");
      return {
        ID: truncate ? shortId(Id) : Id,
        CreatedSince: human ? ago(Created) : rfc3339(new Date(Created * 1000)),
        // Made only when it is shown: the local zone takes milliseconds to load.
        get CreatedAt() {
          return rfc3339(new Date(Created * 1000));
        },
        CreatedBy: truncate ? ellipsis(command, 45) : command,
        Size: human ? humanSize(Size, 3) : String(Size),
        Comment,
      };
    },
  };
}
