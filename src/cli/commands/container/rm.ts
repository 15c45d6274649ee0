import { EngineError } from "../../../spec/errors.ts";
import { atLeast, defineCommand } from "../../command.ts";
import { failureText } from "../../describe-failure.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { forEachArgument } from "../for-each.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Remove one or more containers",
  aliases: ["container rm", "container remove", "rm"],
  args: atLeast(1),
  flags: {
    force: bool("Force the removal of a running container (uses SIGKILL)", { short: "f" }),
    link: bool("Remove the specified link", { short: "l" }),
    volumes: bool("Remove anonymous volumes associated with the container", { short: "v" }),
  },
  run: async ({ values, args, context }) => {
    const { containers } = await context.client();
    const { force, link, volumes } = values;
    return forEachArgument(args, context, async (given) => {
      const name = given.replace(/\/+$/, "") || given;
      try {
        await containers.remove(name, { force, link, volumes });
        return given;
      } catch (error) {
        // With --force, what is gone already is as it should be; it is said all the same.
        if (!force || !(error instanceof EngineError) || error.kind !== "not-found") throw error;
        context.stderr.line(failureText(error));
        return undefined;
      }
    });
  },
});
