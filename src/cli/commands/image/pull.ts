import {
  familiarName,
  parseReference,
  referenceString,
  withDefaultTag,
} from "../../../spec/reference.ts";
import { CliError } from "../../cli-error.ts";
import { defineCommand, exactly } from "../../command.ts";
import { checkPlatform } from "../../container-config/names.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { pullImage } from "./pull-image.ts";

export const command = defineCommand({
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  description: "Download an image from a registry",
  aliases: ["image pull", "pull"],
  args: exactly(1),
  flags: {
    "all-tags": bool("Download all tagged images in the repository", { short: "a" }),
    "disable-content-trust": bool("Skip image verification", { initial: true }),
    platform: string("Set platform if server is multi-platform capable"),
    quiet: bool("Suppress verbose output", { short: "q" }),
  },
  run: async ({ values, args, context }) => {
    const parsed = parseReference(args[0] ?? "");
    const named = parsed.tag !== undefined || parsed.digest !== undefined;
    if (values["all-tags"] && named) throw new CliError("tag can't be used with --all-tags/-a");
    checkPlatform(values.platform);
    if (!values["disable-content-trust"]) throw new CliError("content trust is not supported");
    const reference = values["all-tags"] ? parsed : withDefaultTag(parsed);
    if (!named && !values["all-tags"] && !values.quiet) {
      context.stdout.line("Using default tag: latest");
    }
    await pullImage(
      context,
      values["all-tags"] ? familiarName(reference) : referenceString(reference),
      {
        platform: values.platform,
        ...(values.quiet ? {} : { output: context.stdout }),
      },
    );
    context.stdout.line(referenceString(reference));
    return undefined;
  },
});
