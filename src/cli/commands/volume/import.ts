import { defineCommand, exactly } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { fileInput, standardInput } from "../archive-input.ts";
import { followCopy } from "./follow-copy.ts";

export const command = defineCommand({
  usage: "[OPTIONS] VOLUME FILE|-",
  description:
    "Fill a volume from a tar archive, plain, gzip or zstd. The volume is made where there is none.",
  args: exactly(2),
  flags: {
    replace: bool("Replace what the volume holds, which becomes a snapshot"),
  },
  run: async ({ values, args, context }) => {
    const [volume = "", source = ""] = args;
    const body = source === "-" ? standardInput() : fileInput(source);
    const { volumes } = await context.client();
    await followCopy(context, await volumes.import(volume, body, { replace: values.replace }));
    context.stdout.line(volume);
    return undefined;
  },
});
