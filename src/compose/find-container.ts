import { CliError } from "../cli/cli-error.ts";
import type { ProjectContext } from "./operations/project-context.ts";
import { listContainers, type ServiceContainer } from "./state/project-state.ts";

/** The container of a service with a number (`--index`; 0: the first). Throws in Docker's words. */
export async function findContainer(
  { client, project }: ProjectContext,
  service: string,
  index = 0,
): Promise<ServiceContainer> {
  const all = (await listContainers(client, project.name)).filter(
    (container) => container.service === service && !container.oneOff,
  );
  const running = all.filter(({ state }) => state === "running");
  const found = index > 0 ? all.find(({ number }) => number === index) : (running[0] ?? all[0]);
  if (found !== undefined) return found;
  if (index > 0) throw new CliError(`service "${service}" is not running container #${index}`);
  throw new CliError(`service "${service}" is not running`);
}

/** The project's containers, of these services alone if any are named. */
export async function containersOf(
  { client, project }: ProjectContext,
  services: readonly string[],
  options: { all?: boolean; oneOff?: boolean } = {},
): Promise<ServiceContainer[]> {
  const all = await listContainers(client, project.name);
  return all.filter(
    ({ service, state, oneOff }) =>
      (services.length === 0 || services.includes(service)) &&
      (options.all === true ||
        state === "running" ||
        state === "paused" ||
        state === "restarting") &&
      (options.oneOff === true || !oneOff),
  );
}
