import { CliError } from "../../cli/cli-error.ts";
import { atLeast, defineCommand } from "../../cli/command.ts";
import { bool } from "../../cli/flags/flag-kinds.ts";
import { containersOf } from "../find-container.ts";
import { openRunning } from "../open-project.ts";
import { down } from "../operations/down.ts";

export const command = defineCommand({
  usage: "SERVICE [SERVICE...] [OPTIONS]",
  description: "Block until containers of all (or specified) services stop.",
  args: atLeast(1),
  flags: { "down-project": bool("Drops project when the first container stops") },
  run: async ({ values, args, context }) => {
    const { context: work } = await openRunning(context, "", args);
    const found = await containersOf(work, args);
    if (found.length === 0) throw new CliError(`no containers for project "${work.project.name}"`);
    const ends = found.map(async ({ id, name }) => {
      const { result } = await work.client.containers.wait(id);
      const { StatusCode } = await result;
      context.stdout.line(
        `container ${JSON.stringify(name)} exited with status code ${StatusCode}`,
      );
      return StatusCode;
    });
    if (!values["down-project"]) {
      const codes = await Promise.all(ends);
      return codes.find((code) => code !== 0) ?? 0;
    }
    const code = await Promise.race(ends);
    await down(work, { services: [], volumes: false, removeOrphans: false, ignoreOrphans: true });
    return code;
  },
});
