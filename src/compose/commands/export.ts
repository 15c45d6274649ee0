import { defineCommand, exactly } from "../../cli/command.ts";
import { int, string } from "../../cli/flags/flag-kinds.ts";
import { delegate, flagWords } from "../delegate.ts";
import { findContainer } from "../find-container.ts";
import { openRunning } from "../open-project.ts";

export const command = defineCommand({
  usage: "[OPTIONS] SERVICE",
  description: "Export a service container's filesystem as a tar archive",
  args: exactly(1),
  flags: {
    index: int("index of the container if service has multiple replicas."),
    output: string("Write to a file, instead of STDOUT", { short: "o" }),
  },
  run: async ({ values, args, context }) => {
    const [service = ""] = args;
    const { context: work } = await openRunning(context, "", [service]);
    const { id } = await findContainer(work, service, values.index);
    const words = [...flagWords("output", values.output), id];
    return delegate(() => import("../../cli/commands/container/export.ts"), words, context);
  },
});
