import { CliError } from "../../cli-error.ts";
import { defineCommand, exactly } from "../../command.ts";
import { copyFiles } from "../../copy/copy-files.ts";
import { parseCopyPlace } from "../../copy/copy-paths.ts";
import { bool } from "../../flags/flag-kinds.ts";

export const command = defineCommand({
  usage:
    "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n       berth container cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
  description: [
    "Copy files/folders between a container and the local filesystem",
    "",
    "Use '-' as the source to read a tar archive from stdin",
    "and extract it to a directory destination in a container.",
    "Use '-' as the destination to stream a tar archive of a",
    "container source to stdout.",
  ].join("\n"),
  aliases: ["container cp", "cp"],
  args: exactly(2),
  flags: {
    archive: bool("Archive mode (copy all uid/gid information)", { short: "a" }),
    "follow-link": bool("Always follow symbol link in SRC_PATH", { short: "L" }),
    quiet: bool(
      "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached",
      { short: "q" },
    ),
  },
  run: async ({ values, args, context }) => {
    const [from = "", to = ""] = args;
    if (from === "") throw new CliError("source can not be empty");
    if (to === "") throw new CliError("destination can not be empty");
    await copyFiles(context, parseCopyPlace(from), parseCopyPlace(to), {
      archive: values.archive,
      followLink: values["follow-link"],
      quiet: values.quiet,
    });
    return undefined;
  },
});
