import { CliError } from "../../cli-error.ts";
import { defineCommand, exactly } from "../../command.ts";
import { string, strings } from "../../flags/flag-kinds.ts";
import { wholeName } from "./manifest-list.ts";
import { ManifestStore } from "./manifest-store.ts";

export const command = defineCommand({
  usage: "[OPTIONS] MANIFEST_LIST MANIFEST",
  description: "Add additional information to a local image manifest",
  args: exactly(2),
  flags: {
    arch: string("Set architecture"),
    os: string("Set operating system"),
    "os-features": strings("Set operating system feature"),
    "os-version": string("Set operating system version"),
    variant: string("Set architecture variant"),
  },
  run: async ({ values, args, context }) => {
    const [list = "", reference = ""] = args.map(wholeName);
    const store = new ManifestStore(context.configDirectory);
    const manifest = store.list(list)?.find(({ Ref }) => Ref === reference);
    if (manifest === undefined) {
      throw new CliError(`manifest for image ${reference} does not exist in ${list}`);
    }
    const before = manifest.Descriptor.platform;
    const version = values["os-version"] || before?.["os.version"];
    const features = [...new Set([...(before?.["os.features"] ?? []), ...values["os-features"]])];
    const variant = values.variant || before?.variant;
    const platform = {
      architecture: values.arch || before?.architecture || "",
      os: values.os || before?.os || "",
      ...(version ? { "os.version": version } : {}),
      ...(features.length > 0 ? { "os.features": features } : {}),
      ...(variant ? { variant } : {}),
    };
    if (platform.os === "" || platform.architecture === "") {
      throw new CliError(
        `manifest entry for image has unsupported os/arch combination: ${platform.os}/${platform.architecture}`,
      );
    }
    store.put(list, { ...manifest, Descriptor: { ...manifest.Descriptor, platform } });
    return undefined;
  },
});
