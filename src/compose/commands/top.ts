import { defineCommand } from "../../cli/command.ts";
import { alignTabs } from "../../cli/format/tab-writer.ts";
import { containersOf } from "../find-container.ts";
import { openRunning } from "../open-project.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[SERVICES...]",
  description: "Display the running processes",
  args: anyArguments,
  flags: {},
  run: async ({ args, context }) => {
    const { context: work } = await openRunning(context, "", args);
    const found = await containersOf(work, args);
    const tops = await Promise.all(found.map(({ id }) => work.client.containers.top(id)));
    const titles = tops[0]?.Titles ?? [];
    const rows = tops.flatMap(({ Processes }, index) => {
      const { service = "", number = 0 } = found[index] ?? {};
      return (Processes ?? []).map((cells) => [service, String(number), ...cells]);
    });
    if (rows.length === 0) return 0;
    const text = [["SERVICE", "#", ...titles], ...rows]
      .map((cells) => `${cells.join("\t")}\n`)
      .join("");
    context.stdout.write(alignTabs(text, { minWidth: 4, padding: 2 }));
    return 0;
  },
});
