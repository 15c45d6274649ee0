import { LABEL } from "../model/labels.ts";
import { imageName } from "../model/names.ts";
import { observeProject, type ProjectState } from "../state/project-state.ts";
import { ignoreGone, removeServices } from "./end-containers.ts";
import type { ProjectContext } from "./project-context.ts";

export interface DownOptions {
  /** These services alone; empty: all, with the networks. */
  services: readonly string[];
  volumes: boolean;
  removeOrphans: boolean;
  ignoreOrphans: boolean;
  /** `local`: images that a build made and nobody named; `all`: every one that a service used. */
  images?: "local" | "all";
  timeout?: number;
}

/** Takes a project down: containers, networks, and if asked for volumes and images. */
export async function down(context: ProjectContext, options: DownOptions): Promise<void> {
  const { client, project, progress } = context;
  const state = await observeProject(client, project.name);
  const everything = options.services.length === 0;
  const known = (service: string) => service in project.services;
  const wanted = [...state.containers, ...state.oneOffs].filter(({ service }) =>
    everything ? options.removeOrphans || known(service) : options.services.includes(service),
  );
  const orphans = state.containers.filter(({ service }) => !known(service));
  if (everything && orphans.length > 0 && !options.removeOrphans && !options.ignoreOrphans) {
    const names = orphans.map(({ name }) => name).join(" ");
    context.warn(
      `Found orphan containers ([${names}]) for this project: they stay; --remove-orphans takes them down too.`,
    );
  }
  const nothing = wanted.length === 0 && state.networks.length === 0;
  await removeServices(context, wanted, {
    volumes: options.volumes,
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  });
  await Promise.all([
    ...(everything ? removeNetworks(context, state) : []),
    ...(options.volumes && everything ? removeVolumes(context, state) : []),
    ...(options.images === undefined
      ? []
      : removeImages(context, options.images, options.services)),
  ]);
  if (nothing && everything && !options.volumes) {
    context.warn(`No resource found to remove for project "${project.name}".`);
  }
  progress.finish();
}

function removeNetworks({ client, progress, parallel }: ProjectContext, state: ProjectState) {
  return state.networks.map(async ({ Id, Name }) => {
    const subject = `Network ${Name}`;
    progress.step(subject, "Removing", "working");
    try {
      await parallel(() => client.networks.remove(Id)).catch(ignoreGone);
    } catch (error) {
      // A container of somebody else is on it: it stays, and so does the project's success.
      if (!(error instanceof Error && /active endpoints|is in use/.test(error.message)))
        throw error;
      progress.step(subject, "Resource is still in use", "warning");
      return;
    }
    progress.step(subject, "Removed", "done");
  });
}

function removeVolumes(context: ProjectContext, state: ProjectState) {
  const { client, progress, project, parallel } = context;
  const declared = new Set(
    Object.values(project.volumes ?? {})
      .filter(({ external }) => external !== true)
      .map(({ name }) => name),
  );
  const ours = state.volumes.filter(
    ({ Name, Labels }) => declared.has(Name) || Labels?.[LABEL.volume] !== undefined,
  );
  return ours.map(async ({ Name }) => {
    const subject = `Volume ${Name}`;
    progress.step(subject, "Removing", "working");
    try {
      await parallel(() => client.volumes.remove(Name)).catch(ignoreGone);
    } catch (error) {
      if (!(error instanceof Error && /in use/.test(error.message))) throw error;
      progress.step(subject, "Resource is still in use", "warning");
      return;
    }
    progress.step(subject, "Removed", "done");
  });
}

function removeImages(
  { client, progress, project }: ProjectContext,
  which: "local" | "all",
  services: readonly string[],
) {
  const images = Object.entries(project.services)
    .filter(([name]) => services.length === 0 || services.includes(name))
    .filter(
      ([, service]) =>
        which === "all" || (service.build !== undefined && service.image === undefined),
    )
    .map(([name, service]) => imageName(project.name, name, service));
  return [...new Set(images)].map(async (image) => {
    const subject = `Image ${image}`;
    progress.step(subject, "Removing", "working");
    try {
      await client.images.remove(image).catch(ignoreGone);
      progress.step(subject, "Removed", "done");
    } catch (error) {
      progress.step(subject, "Resource is still in use", "warning", (error as Error).message);
    }
  });
}
