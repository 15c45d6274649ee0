import { defineCommand } from "../../cli/command.ts";
import { VOLUME_LIST } from "../../cli/commands/volume/ls.ts";
import { bool, string } from "../../cli/flags/flag-kinds.ts";
import { printList } from "../../cli/format/list-format.ts";
import { LABEL } from "../model/labels.ts";
import { openRunning } from "../open-project.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "List volumes",
  args: anyArguments,
  flags: {
    format: string("Format output using a custom template", { initial: "table" }),
    quiet: bool("Only display volume names", { short: "q" }),
  },
  run: async ({ values, args, context }) => {
    const { context: work } = await openRunning(context, "", args);
    const { project, client } = work;
    const used = new Set(
      args.flatMap((name) =>
        (project.services[name]?.volumes ?? []).map(({ source }) => source ?? ""),
      ),
    );
    const filters = { label: [`${LABEL.project}=${project.name}`] };
    const { Volumes } = await client.volumes.list({ filters });
    const shown = (Volumes ?? [])
      .filter(({ Labels }) => args.length === 0 || used.has(Labels?.[LABEL.volume] ?? ""))
      .sort((a, b) => (a.Name < b.Name ? -1 : 1));
    await printList(context.stdout, VOLUME_LIST, shown, {
      format: values.format,
      ...(values.quiet ? { quietField: "Name" } : {}),
    });
    return 0;
  },
});
