import { CliError } from "../../cli/cli-error.ts";
import { defineCommand } from "../../cli/command.ts";
import { bool, int } from "../../cli/flags/flag-kinds.ts";
import { selectServices } from "../file/select-services.ts";
import { openRunning } from "../open-project.ts";
import type { MadeContainer } from "../operations/make-containers.ts";
import { startContainers, waitUntilReady } from "../operations/start-containers.ts";
import { ContainerWatch } from "../state/container-watch.ts";
import { observeProject } from "../state/project-state.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[SERVICE...]",
  description: "Start services",
  args: anyArguments,
  flags: {
    wait: bool("Wait for services to be running|healthy. Implies detached mode."),
    "wait-timeout": int(
      "Maximum duration in seconds to wait for the project to be running|healthy",
    ),
  },
  run: async ({ values, args, context }) => {
    const { context: work } = await openRunning(context, "Running", args);
    const project = selectServices(work.project, args);
    const watch = await ContainerWatch.open(work.client, project.name);
    try {
      const state = await observeProject(work.client, project.name);
      const containers = new Map<string, MadeContainer[]>();
      for (const { id, name, service, number } of state.containers) {
        const made = { id, name, service, number, fresh: false };
        containers.set(service, [...(containers.get(service) ?? []), made]);
      }
      const missing = Object.keys(project.services).find((name) => !containers.has(name));
      if (missing !== undefined) {
        throw new CliError(`service "${missing}" has no container to start`);
      }
      const running = state.containers
        .filter((each) => each.state === "running")
        .map(({ id }) => id);
      await startContainers(
        { ...work, project },
        { watch, containers, running: new Set(running), done: new Set() },
      );
      if (values.wait) {
        const all = [...containers.values()]
          .flat()
          .filter(({ service }) => service in project.services);
        await waitUntilReady(work, watch, all, values["wait-timeout"]);
      }
    } finally {
      watch.close();
      work.progress.finish();
    }
    return 0;
  },
});
