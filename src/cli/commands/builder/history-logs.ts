import { BuildProgress } from "../../build/progress/build-progress.ts";
import type { BuildView } from "../../build/progress/build-view.ts";
import { failureText, warningsText } from "../../build/progress/outcome-text.ts";
import { PlainView } from "../../build/progress/plain-view.ts";
import { RawJsonView } from "../../build/progress/rawjson-view.ts";
import { CliError } from "../../cli-error.ts";
import { defineCommand, exactly } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";

export const command = defineCommand({
  usage: "[OPTIONS] BUILD",
  description: "Show the whole log of a recent build",
  aliases: ["build logs", "builder logs", "buildx history logs"],
  args: exactly(1),
  flags: {
    follow: bool("Go on while the build runs", { short: "f" }),
    progress: string('Set type of output ("plain", "rawjson")', { initial: "plain" }),
  },
  run: async ({ values, args, context }) => {
    const { builds } = await context.client();
    const progress = new BuildProgress();
    const view = viewFor(
      values.progress,
      () => new PlainView(context.stdout, progress),
      () => new RawJsonView(context.stdout, progress),
    );
    const events = await builds.log(args[0] ?? "", { follow: values.follow });
    for await (const event of events) {
      progress.apply(event);
      view.show(event);
      if (event.type === "error" && values.progress === "plain") {
        context.stdout.line(failureText(event.failure, progress, []));
      }
      await context.stdout.flush();
    }
    const warnings = warningsText(progress.warnings);
    if (warnings !== "" && values.progress === "plain") context.stdout.line(warnings);
    return undefined;
  },
});

function viewFor(kind: string, plain: () => BuildView, rawjson: () => BuildView): BuildView {
  if (kind === "plain" || kind === "auto") return plain();
  if (kind === "rawjson") return rawjson();
  throw new CliError(`unknown progress mode "${kind}": plain or rawjson`);
}
