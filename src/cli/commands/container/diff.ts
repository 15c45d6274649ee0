import { defineCommand, exactly } from "../../command.ts";

/** Modified, added, deleted: the API's numbers. */
const LETTERS = ["C", "A", "D"];

export const command = defineCommand({
  usage: "CONTAINER",
  description: "Inspect changes to files or directories on a container's filesystem",
  aliases: ["container diff", "diff"],
  args: exactly(1),
  flags: {},
  run: async ({ args, context }) => {
    const { containers } = await context.client();
    const changes = (await containers.changes(args[0] ?? "")) ?? [];
    const lines = changes.map(({ Kind, Path }) => `${LETTERS[Kind] ?? "?"} ${Path}\n`);
    context.stdout.write(lines.join(""));
    return undefined;
  },
});
