import { EngineError } from "../../../spec/errors.ts";
import { CliError } from "../../cli-error.ts";
import { atLeast, defineCommand } from "../../command.ts";
import { failureText } from "../../describe-failure.ts";
import { bool, strings } from "../../flags/flag-kinds.ts";

export const command = defineCommand({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  description: "Remove one or more images",
  aliases: ["image rm", "image remove", "rmi"],
  args: atLeast(1),
  flags: {
    force: bool("Force removal of the image", { short: "f" }),
    "no-prune": bool("Do not delete untagged parents"),
    platform: strings(
      'Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    ),
  },
  run: async ({ values, args, context }) => {
    const { images } = await context.client();
    const problems: string[] = [];
    let fatal = false;
    for (const name of args) {
      try {
        const items = await images.remove(name, {
          force: values.force,
          noPrune: values["no-prune"],
          platforms: values.platform,
        });
        for (const item of items) {
          context.stdout.line(
            "Deleted" in item ? `Deleted: ${item.Deleted}` : `Untagged: ${item.Untagged}`,
          );
        }
      } catch (error) {
        fatal ||= !(error instanceof EngineError) || error.kind !== "not-found";
        problems.push(failureText(error));
      }
    }
    if (problems.length === 0) return undefined;
    // With --force, an image that is not there is as it should be.
    if (fatal || !values.force) throw new CliError(problems.join("\n"));
    context.stderr.line(problems.join("\n"));
    return undefined;
  },
});
