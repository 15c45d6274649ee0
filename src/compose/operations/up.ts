import { unheardKeys } from "../file/unheard-keys.ts";
import { type PlanOptions, planUp, type UpPlan } from "../plan/plan-up.ts";
import { ContainerWatch } from "../state/container-watch.ts";
import {
  observeProject,
  type ProjectState,
  type ServiceContainer,
} from "../state/project-state.ts";
import { removeServices } from "./end-containers.ts";
import { ensureImages, type ImageMakers, type ImageOptions } from "./ensure-images.ts";
import { type MadeContainer, makeContainers } from "./make-containers.ts";
import { makeResources } from "./make-resources.ts";
import type { ProjectContext } from "./project-context.ts";
import { openRolling } from "./rolling.ts";
import { finishedJobs, startContainers, waitUntilReady } from "./start-containers.ts";
import type { LookupVariable } from "./write-files.ts";

export interface UpOptions extends Omit<PlanOptions, "imageIds"> {
  images: ImageOptions;
  makers: ImageMakers;
  lookup: LookupVariable;
  keepVolumes: boolean;
  stopTimeout?: number;
  ignoreOrphans: boolean;
  /** Create alone: `create`, `up --no-start`. */
  start: boolean;
  wait: boolean;
  waitTimeout?: number;
  /** Replace running containers by starting the new ones first. */
  rolling?: boolean;
  beforeStart?: (container: MadeContainer) => Promise<void>;
}

export interface UpResult {
  containers: MadeContainer[];
  plan: UpPlan;
}

/** Makes the engine agree with the project: images, networks, volumes, containers, in their order. */
export async function up(context: ProjectContext, options: UpOptions): Promise<UpResult> {
  const { client, project } = context;
  for (const sentence of unheardKeys(project)) context.warn(sentence);
  const [imageIds, state] = await Promise.all([
    ensureImages(context, options.makers, options.images),
    observeProject(client, project.name),
  ]);
  const whole = planUp(project, state, { ...options, imageIds });
  const rolling = options.rolling === true && options.start;
  const { plan, rollWith } = rolling ? await openRolling(context, whole) : { plan: whole };
  await settleOrphans(context, plan.orphans, options);
  await makeResources(context, plan, state);
  const making = { ...options, imageIds };
  if (!options.start) {
    const made = await makeContainers(context, plan, state, making);
    return { containers: [...made.values()].flat(), plan };
  }
  const watch = await ContainerWatch.open(client, project.name);
  try {
    const made = await makeContainers(context, plan, state, making);
    const containerOf = (service: string) =>
      made.get(service)?.[0]?.id ?? state.containers.find((each) => each.service === service)?.id;
    const { beforeStart } = options;
    const observer = beforeStart === undefined ? {} : { beforeStart };
    const roll = rollWith?.({ watch, making, containerOf, ...observer });
    await startContainers(context, {
      watch,
      containers: made,
      ...(roll === undefined ? {} : { roll }),
      running: runningIds(state),
      done: finishedJobs(project, keptContainers(plan), options.targets),
      ...observer,
    });
    await restartDependents(context, whole, made);
    const containers = [...made.values()].flat();
    const { waitTimeout } = options;
    if (options.wait) await waitUntilReady(context, watch, containers, waitTimeout);
    return { containers, plan };
  } finally {
    watch.close();
  }
}

const runningIds = ({ containers }: ProjectState): Set<string> =>
  new Set(containers.filter(({ state }) => state === "running").map(({ id }) => id));

function keptContainers(plan: UpPlan): Map<string, { exitedWell: boolean }[]> {
  return new Map(
    [...plan.services].map(([name, steps]) => [
      name,
      steps.map((step) => ({
        exitedWell: step.kind === "keep" && exitedWell(step.container),
      })),
    ]),
  );
}

const exitedWell = ({ state, summary }: ServiceContainer): boolean =>
  state === "exited" && summary.Status.startsWith("Exited (0)");

async function settleOrphans(
  context: ProjectContext,
  orphans: readonly ServiceContainer[],
  { removeOrphans, ignoreOrphans }: UpOptions,
): Promise<void> {
  if (orphans.length === 0 || ignoreOrphans) return;
  if (removeOrphans) return removeServices(context, orphans, {});
  const names = orphans.map(({ name }) => name).join(" ");
  context.warn(
    `Found orphan containers ([${names}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.`,
  );
}

/** Services that want to be restarted with one that was made anew, and were running all along. */
async function restartDependents(
  context: ProjectContext,
  plan: UpPlan,
  made: ReadonlyMap<string, readonly MadeContainer[]>,
): Promise<void> {
  const { client, project, progress } = context;
  const renewed = new Set(
    [...plan.services]
      .filter(([, steps]) => steps.some(({ kind }) => kind === "recreate"))
      .map(([name]) => name),
  );
  const dependents = Object.entries(project.services).filter(([, service]) =>
    Object.entries(service.depends_on ?? {}).some(
      ([name, { restart }]) => restart === true && renewed.has(name),
    ),
  );
  await Promise.all(
    dependents.flatMap(([name]) =>
      (made.get(name) ?? [])
        .filter(({ fresh }) => !fresh)
        .map(async ({ id, name: container }) => {
          progress.step(`Container ${container}`, "Restarting", "working");
          await context.parallel(() => client.containers.restart(id));
          progress.step(`Container ${container}`, "Started", "done");
        }),
    ),
  );
}
