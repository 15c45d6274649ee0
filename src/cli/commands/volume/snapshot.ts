import type { VolumeSnapshotSummary } from "../../../spec/index.ts";
import { between, defineCommand } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { followCopy } from "./follow-copy.ts";

export const command = defineCommand({
  usage: "[OPTIONS] VOLUME [SNAPSHOT]",
  description:
    "Keep the present content of a volume. Without a name the snapshot is named after the time.",
  args: between(1, 2),
  flags: {
    "no-pause": bool("Do not freeze the containers that write to the volume while it is read"),
  },
  run: async ({ values, args, context }) => {
    const [volume = "", name] = args;
    const { volumes } = await context.client();
    const options = { pause: !values["no-pause"], ...(name === undefined ? {} : { name }) };
    const { aux } = await followCopy(context, await volumes.snapshot(volume, options));
    context.stdout.line((aux as VolumeSnapshotSummary).Name);
    return undefined;
  },
});
