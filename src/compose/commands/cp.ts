import { CliError } from "../../cli/cli-error.ts";
import { defineCommand, exactly } from "../../cli/command.ts";
import { copyFiles } from "../../cli/copy/copy-files.ts";
import { parseCopyPlace } from "../../cli/copy/copy-paths.ts";
import { bool, int } from "../../cli/flags/flag-kinds.ts";
import { containersOf, findContainer } from "../find-container.ts";
import { openRunning } from "../open-project.ts";

export const command = defineCommand({
  usage:
    "[OPTIONS] SERVICE:SRC_PATH DEST_PATH|-\n       berth compose cp [OPTIONS] SRC_PATH|- SERVICE:DEST_PATH",
  description: "Copy files/folders between a service container and the local filesystem",
  args: exactly(2),
  flags: {
    all: bool("Include containers created by the run command"),
    archive: bool("Archive mode (copy all uid/gid information)", { short: "a" }),
    "follow-link": bool("Always follow symbol link in SRC_PATH", { short: "L" }),
    index: int("Index of the container if service has multiple replicas"),
  },
  run: async ({ values, args, context }) => {
    const [from, to] = args.map(parseCopyPlace);
    const service = from?.container ?? to?.container;
    if (from === undefined || to === undefined || service === undefined) {
      throw new CliError("unknown copy direction");
    }
    if (from.container !== undefined && to.container !== undefined) {
      throw new CliError("copying between services is not supported");
    }
    const { context: work } = await openRunning(context, "", [service]);
    const options = { archive: values.archive, followLink: values["follow-link"], quiet: false };
    if (from.container !== undefined) {
      const { id } = await findContainer(work, service, values.index);
      await copyFiles(context, { ...from, container: id }, to, options);
      return 0;
    }
    const all = await containersOf(work, [service], { all: true, oneOff: values.all });
    const targets = values.index > 0 ? all.filter(({ number }) => number === values.index) : all;
    if (targets.length === 0) throw new CliError(`no container found for service "${service}"`);
    for (const { id } of targets) await copyFiles(context, from, { ...to, container: id }, options);
    return 0;
  },
});
