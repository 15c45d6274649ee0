import { defineCommand } from "../../cli/command.ts";
import { int } from "../../cli/flags/flag-kinds.ts";
import { containersOf } from "../find-container.ts";
import { openRunning } from "../open-project.ts";
import { stopServices } from "../operations/end-containers.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "Stop services",
  args: anyArguments,
  flags: { timeout: int("Specify a shutdown timeout in seconds", { short: "t" }) },
  run: async ({ values, changed, args, context }) => {
    const { context: work } = await openRunning(context, "Running", args);
    const timeout = changed.has("timeout") ? values.timeout : undefined;
    await stopServices(work, await containersOf(work, args), timeout);
    work.progress.finish();
    return 0;
  },
});
