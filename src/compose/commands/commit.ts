import { between, defineCommand } from "../../cli/command.ts";
import { bool, int, list, string } from "../../cli/flags/flag-kinds.ts";
import { boolWords, delegate, flagWords } from "../delegate.ts";
import { findContainer } from "../find-container.ts";
import { openRunning } from "../open-project.ts";

export const command = defineCommand({
  usage: "[OPTIONS] SERVICE [REPOSITORY[:TAG]]",
  description: "Create a new image from a service container's changes",
  args: between(1, 2),
  flags: {
    author: string('Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")', { short: "a" }),
    change: list("Apply Dockerfile instruction to the created image", { short: "c" }),
    index: int("index of the container if service has multiple replicas."),
    message: string("Commit message", { short: "m" }),
    pause: bool("Pause container during commit", { short: "p", initial: true }),
  },
  run: async ({ values, args, context }) => {
    const [service = "", ...reference] = args;
    const { context: work } = await openRunning(context, "", [service]);
    const { id } = await findContainer(work, service, values.index);
    const words = [
      ...flagWords("author", values.author),
      ...flagWords("change", ...values.change),
      ...flagWords("message", values.message),
      ...boolWords("pause", values.pause),
    ];
    return delegate(
      () => import("../../cli/commands/container/commit.ts"),
      [...words, id, ...reference],
      context,
    );
  },
});
