import { parseReference } from "../../../spec/reference.ts";
import { between, defineCommand } from "../../command.ts";
import { bool, list, string } from "../../flags/flag-kinds.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  description: "Create a new image from a container's changes",
  aliases: ["container commit", "commit"],
  args: between(1, 2),
  flags: {
    author: string('Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")', { short: "a" }),
    change: list("Apply Dockerfile instruction to the created image", { short: "c" }),
    message: string("Commit message", { short: "m" }),
    pause: bool("Pause container during commit", { short: "p", initial: true }),
  },
  run: async ({ values, args, context }) => {
    const [container = "", reference] = args;
    const { images } = await context.client();
    const { Id } = await images.commit({
      container,
      ...(reference === undefined ? {} : repositoryAndTag(reference)),
      comment: values.message,
      author: values.author,
      pause: values.pause,
      changes: values.change,
    });
    context.stdout.line(Id);
    return undefined;
  },
});

/** Name and tag apart, as the API wants them. */
export function repositoryAndTag(reference: string): { repo: string; tag?: string } {
  const { tag } = parseReference(reference);
  if (tag === undefined) return { repo: reference };
  return { repo: reference.slice(0, -tag.length - 1), tag };
}
