import { between, defineCommand } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { followCopy } from "./follow-copy.ts";

export const command = defineCommand({
  usage: "[OPTIONS] VOLUME [SNAPSHOT]",
  description:
    "Put the content of a snapshot back, the latest by default. What the volume holds now becomes a snapshot, too.",
  args: between(1, 2),
  flags: {
    discard: bool("Delete what the volume holds now"),
  },
  run: async ({ values, args, context }) => {
    const [volume = "", snapshot] = args;
    const { volumes } = await context.client();
    const options = { discard: values.discard, ...(snapshot === undefined ? {} : { snapshot }) };
    const { status = "" } = await followCopy(context, await volumes.restore(volume, options));
    context.stdout.line(`${volume}: ${status}`);
    return undefined;
  },
});
