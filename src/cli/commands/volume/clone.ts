import { defineCommand, exactly } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { followCopy } from "./follow-copy.ts";

export const command = defineCommand({
  usage: "[OPTIONS] VOLUME[@SNAPSHOT] NEW_VOLUME",
  description:
    "Make a volume with the content of another one, or of a snapshot. Blocks are shared where the file system can.",
  args: exactly(2),
  flags: {
    "no-pause": bool("Do not freeze the containers that write to the volume while it is read"),
  },
  run: async ({ values, args, context }) => {
    const [ref = "", to = ""] = args;
    const { volumes } = await context.client();
    await followCopy(context, await volumes.clone(ref, { to, pause: !values["no-pause"] }));
    context.stdout.line(to);
    return undefined;
  },
});
