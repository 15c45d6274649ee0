import { CliError } from "../../cli-error.ts";
import { atLeast, defineCommand } from "../../command.ts";
import { list, string } from "../../flags/flag-kinds.ts";
import { showProgress } from "../../progress/show-progress.ts";
import { fileInput, standardInput } from "../archive-input.ts";

export const command = defineCommand({
  usage: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
  description: "Import the contents from a tarball to create a filesystem image",
  aliases: ["image import", "import"],
  args: atLeast(1),
  flags: {
    change: list("Apply Dockerfile instruction to the created image", { short: "c" }),
    message: string("Set commit message for imported image", { short: "m" }),
    platform: string("Set platform if server is multi-platform capable"),
  },
  run: async ({ values, args, context }) => {
    const [source = "", reference] = args;
    const isUrl = /^(?:https?|ftp):\/\//.test(source);
    if (source === "") throw new CliError("no source given");
    const body = source === "-" ? standardInput() : isUrl ? undefined : fileInput(source);
    const { images } = await context.client();
    const messages = await images.import(
      {
        source: isUrl ? source : "-",
        message: values.message,
        changes: values.change,
        ...(reference === undefined ? {} : { reference }),
        ...(values.platform === "" ? {} : { platform: values.platform }),
      },
      body,
    );
    await showProgress(context, context.stdout, messages);
    return undefined;
  },
});
