import { defineCommand } from "../../cli/command.ts";
import { bool, string } from "../../cli/flags/flag-kinds.ts";
import { boolWords, delegate, flagWords } from "../delegate.ts";
import { containersOf } from "../find-container.ts";
import { openRunning } from "../open-project.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE]",
  description: "Display a live stream of container(s) resource usage statistics",
  args: anyArguments,
  flags: {
    all: bool("Show all containers (default shows just running)", { short: "a" }),
    format: string("Format output using a custom template"),
    "no-stream": bool("Disable streaming stats and only pull the first result"),
    "no-trunc": bool("Do not truncate output"),
  },
  run: async ({ values, args, context }) => {
    const { context: work } = await openRunning(context, "", args);
    const found = await containersOf(work, args, { all: values.all });
    if (found.length === 0) return 0;
    const words = [
      ...boolWords("no-stream", values["no-stream"]),
      ...boolWords("no-trunc", values["no-trunc"]),
      ...flagWords("format", values.format),
    ];
    return delegate(
      () => import("../../cli/commands/container/stats.ts"),
      [...words, ...found.map(({ id }) => id)],
      context,
    );
  },
});
