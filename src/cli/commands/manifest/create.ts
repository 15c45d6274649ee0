import { CliError } from "../../cli-error.ts";
import { atLeast, defineCommand } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { fetchManifest, remoteImage } from "./fetch-manifest.ts";
import { wholeName } from "./manifest-list.ts";
import { ManifestStore } from "./manifest-store.ts";

export const command = defineCommand({
  usage: "MANIFEST_LIST MANIFEST [MANIFEST...]",
  description: "Create a local manifest list for annotating and pushing to a registry",
  args: atLeast(2),
  flags: {
    amend: bool("Amend an existing manifest list", { short: "a" }),
    insecure: bool("Allow communication with an insecure registry"),
  },
  run: async ({ values, args, context }) => {
    const [list = "", ...manifests] = args.map(wholeName);
    const store = new ManifestStore(context.configDirectory);
    if (!values.amend && store.list(list) !== undefined) {
      throw new CliError("refusing to amend an existing manifest list with no --amend flag");
    }
    // All before the first is kept, so that a failure leaves no half list.
    const fetched = [];
    for (const reference of manifests) {
      const image = await remoteImage(context, reference, values.insecure);
      fetched.push(await fetchManifest(context, image));
    }
    for (const manifest of fetched) store.put(list, manifest);
    context.stdout.line(`Created manifest list ${list}`);
    return undefined;
  },
});
