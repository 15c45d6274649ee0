import type { BuildRecord } from "../../../spec/index.ts";
import { durationText } from "../../build/progress/build-progress.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";
import { ago } from "../../format/time.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "List recent builds, the latest first",
  aliases: ["build ls", "builder ls", "buildx history ls"],
  args: noArguments,
  flags: {
    format: string(LIST_FORMAT_USAGE),
    "no-trunc": bool("Don't truncate output"),
    quiet: bool("Only display ids", { short: "q" }),
  },
  run: async ({ values, context }) => {
    const { builds } = await context.client();
    await printList(context.stdout, buildList(!values["no-trunc"]), await builds.list(), {
      format: values.format,
      ...(values.quiet ? { quietField: "ID" } : {}),
    });
    return undefined;
  },
});

const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000);

function buildList(truncate: boolean): ListSpec<BuildRecord> {
  return {
    typeName: "*formatter.buildContext",
    headings: {
      ID: "BUILD ID",
      Name: "NAME",
      Status: "STATUS",
      CreatedAt: "CREATED",
      Duration: "DURATION",
      Steps: "STEPS",
      Image: "IMAGE",
      Error: "ERROR",
    },
    columns: ["ID", "Name", "Status", "CreatedAt", "Duration", "Steps", "Image"],
    row: (record) => ({
      ID: truncate ? record.id.slice(0, 12) : record.id,
      Name: record.name,
      Status: record.status,
      CreatedAt: ago(seconds(record.createdAt)),
      Duration: durationText(
        Date.parse(record.createdAt),
        record.completedAt === undefined ? Date.now() : Date.parse(record.completedAt),
      ),
      Steps: `${record.steps} (${record.cachedSteps} cached)`,
      Image: (record.images[0] ?? "").replace(/^sha256:/, "").slice(0, truncate ? 12 : undefined),
      Error: record.error ?? "",
    }),
  };
}
