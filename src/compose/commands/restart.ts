import { defineCommand } from "../../cli/command.ts";
import { bool, int } from "../../cli/flags/flag-kinds.ts";
import { selectServices } from "../file/select-services.ts";
import { containersOf } from "../find-container.ts";
import { openRunning } from "../open-project.ts";
import { inDependencyOrder } from "../operations/service-graph.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "Restart service containers",
  args: anyArguments,
  flags: {
    "no-deps": bool("Don't restart dependent services"),
    timeout: int("Specify a shutdown timeout in seconds", { short: "t" }),
  },
  run: async ({ values, changed, args, context }) => {
    const { context: work } = await openRunning(context, "Running", args);
    const { services } = selectServices(work.project, args, "alone");
    const dependents = values["no-deps"]
      ? []
      : restartedWith(work.project.services, Object.keys(services));
    const names = [...new Set([...Object.keys(services), ...dependents])];
    const found = await containersOf(work, names, { all: true });
    const options = changed.has("timeout") ? { timeout: values.timeout } : {};
    await inDependencyOrder(
      names,
      (name) => Object.keys(work.project.services[name]?.depends_on ?? {}),
      async (name) => {
        await Promise.all(
          found
            .filter(({ service }) => service === name)
            .map(async (container) => {
              work.progress.step(`Container ${container.name}`, "Restarting", "working");
              await work.parallel(() => work.client.containers.restart(container.id, options));
              work.progress.step(`Container ${container.name}`, "Started", "done");
            }),
        );
      },
    );
    work.progress.finish();
    return 0;
  },
});

/** Services that ask to be restarted with one of these. */
function restartedWith(
  services: Readonly<Record<string, { depends_on?: Record<string, { restart?: boolean }> }>>,
  names: readonly string[],
): string[] {
  return Object.entries(services)
    .filter(([, { depends_on: dependencies = {} }]) =>
      Object.entries(dependencies).some(
        ([name, { restart }]) => restart === true && names.includes(name),
      ),
    )
    .map(([name]) => name);
}
