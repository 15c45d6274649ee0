import {
  familiarName,
  parseReference,
  repositoryName,
  withDefaultTag,
} from "../../../spec/reference.ts";
import { CliError } from "../../cli-error.ts";
import { defineCommand, exactly } from "../../command.ts";
import { credentialsFor } from "../../connection/registry-credentials.ts";
import { checkPlatform } from "../../container-config/names.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { showProgress } from "../../progress/show-progress.ts";

export const command = defineCommand({
  usage: "[OPTIONS] NAME[:TAG]",
  description: "Upload an image to a registry",
  aliases: ["image push", "push"],
  args: exactly(1),
  flags: {
    "all-tags": bool("Push all tags of an image to the repository", { short: "a" }),
    compression: string(
      "Send layers compressed as told, though that changes the digest: gzip[:1-9], zstd[:1-22] or none",
    ),
    "disable-content-trust": bool("Skip image signing", { initial: true }),
    platform: string(
      "Push a platform-specific manifest as a single-platform image to the registry.\nImage index won't be pushed, meaning that other manifests, including attestations won't be preserved.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    ),
    quiet: bool("Suppress verbose output", { short: "q" }),
  },
  run: async ({ values, args, context }) => {
    const parsed = parseReference(args[0] ?? "");
    if (values["all-tags"] && (parsed.tag ?? parsed.digest) !== undefined) {
      throw new CliError("tag can't be used with --all-tags/-a");
    }
    if (parsed.digest !== undefined) throw new CliError("cannot push a digest reference");
    checkPlatform(values.platform);
    if (!values["disable-content-trust"]) throw new CliError("content trust is not supported");
    const { tag } = values["all-tags"] ? parsed : withDefaultTag(parsed);
    if (parsed.tag === undefined && tag !== undefined && !values.quiet) {
      context.stdout.line(`Using default tag: ${tag}`);
    }
    const { images } = await context.client();
    const auth = await credentialsFor(await context.config(), args[0] ?? "");
    const messages = await images.push(familiarName(parsed), {
      ...(tag === undefined ? {} : { tag }),
      ...(values.platform === "" ? {} : { platform: values.platform }),
      ...(auth === undefined ? {} : { auth }),
      ...(values.compression === "" ? {} : { compression: values.compression }),
    });
    if (!values.quiet) {
      await showProgress(context, context.stdout, messages);
      return undefined;
    }
    for await (const _ of messages) {
      // Read to the end: a failure comes as a message.
    }
    context.stdout.line(`${repositoryName(parsed)}${tag === undefined ? "" : `:${tag}`}`);
    return undefined;
  },
});
