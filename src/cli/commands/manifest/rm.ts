import { CliError } from "../../cli-error.ts";
import { atLeast, defineCommand } from "../../command.ts";
import { wholeName } from "./manifest-list.ts";
import { ManifestStore } from "./manifest-store.ts";

export const command = defineCommand({
  usage: "MANIFEST_LIST [MANIFEST_LIST...]",
  description: "Delete one or more manifest lists from local storage",
  args: atLeast(1),
  flags: {},
  run: async ({ args, context }) => {
    const store = new ManifestStore(context.configDirectory);
    const failures: string[] = [];
    for (const list of args.map(wholeName)) {
      if (store.list(list) === undefined) failures.push(`No such manifest: ${list}`);
      else store.remove(list);
    }
    if (failures.length > 0) throw new CliError(failures.join("\n"));
    return undefined;
  },
});
