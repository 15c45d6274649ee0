import { LABEL } from "../model/labels.ts";
import { networkRequest, volumeRequest } from "../model/resource-requests.ts";
import type { UpPlan } from "../plan/plan-up.ts";
import type { ProjectState } from "../state/project-state.ts";
import type { ProjectContext } from "./project-context.ts";

/** Networks and volumes that the plan asks for; external ones have to be there. */
export async function makeResources(
  context: ProjectContext,
  plan: UpPlan,
  state: ProjectState,
): Promise<void> {
  await Promise.all([
    checkExternal(context),
    ...plan.networks.map(async ({ key, kind }) => {
      if (kind === "recreate") await removeStaleNetwork(context, state, key);
      if (kind !== "keep") await createNetwork(context, key);
    }),
    ...plan.volumes.map(async ({ key, kind }) => {
      if (kind === "create") await createVolume(context, key);
    }),
  ]);
}

async function checkExternal({ client, project }: ProjectContext): Promise<void> {
  const missing = (kind: string, name: string) => (error: unknown) => {
    const gone = error instanceof Error && /not found|no such/i.test(error.message);
    if (!gone) throw error;
    throw new Error(
      `${kind} ${name} declared as external, but could not be found: create it with "${kind} create ${name}" first`,
    );
  };
  await Promise.all([
    ...Object.values(project.networks ?? {})
      .filter(({ external }) => external === true)
      .map(({ name }) => client.networks.inspect(name).catch(missing("network", name))),
    ...Object.values(project.volumes ?? {})
      .filter(({ external }) => external === true)
      .map(({ name }) => client.volumes.inspect(name).catch(missing("volume", name))),
  ]);
}

async function createNetwork(context: ProjectContext, key: string): Promise<void> {
  const { client, project, progress } = context;
  const network = project.networks?.[key];
  if (network === undefined) return;
  const subject = `Network ${network.name}`;
  const existing = (await client.networks.list({ filters: { name: [network.name] } })).find(
    ({ Name }) => Name === network.name,
  );
  if (existing !== undefined) {
    const owner = existing.Labels?.[LABEL.project];
    const whose =
      owner === undefined ? "was not created by compose" : `belongs to project "${owner}"`;
    context.warn(
      `a network with name ${network.name} exists but ${whose}: set \`external: true\` to use an existing network`,
    );
    return;
  }
  progress.step(subject, "Creating", "working");
  await context.parallel(() => client.networks.create(networkRequest(project.name, key, network)));
  progress.step(subject, "Created", "done");
}

/** A network cannot change: its containers leave it, and are made anew on the new one. */
async function removeStaleNetwork(
  context: ProjectContext,
  state: ProjectState,
  key: string,
): Promise<void> {
  const { client, project, progress } = context;
  const name = project.networks?.[key]?.name ?? key;
  const present = state.networks.find(({ Name }) => Name === name);
  if (present === undefined) return;
  progress.step(`Network ${name}`, "Removing", "working", "its configuration has changed");
  const { Containers } = await client.networks.inspect(present.Id);
  const leave = Object.keys(Containers).map((id) =>
    client.networks.disconnect(present.Id, { Container: id, Force: true }),
  );
  await Promise.all(leave);
  await client.networks.remove(present.Id);
  progress.step(`Network ${name}`, "Removed", "done");
}

async function createVolume(context: ProjectContext, key: string): Promise<void> {
  const { client, project, progress } = context;
  const volume = project.volumes?.[key];
  if (volume === undefined) return;
  const found = await client.volumes.inspect(volume.name).catch(() => undefined);
  if (found !== undefined) {
    const owner = found.Labels?.[LABEL.project];
    const whose =
      owner === undefined ? "was not created by compose" : `was created for project "${owner}"`;
    context.warn(
      `volume "${volume.name}" already exists but ${whose}: use \`external: true\` to use an existing volume`,
    );
    return;
  }
  progress.step(`Volume ${volume.name}`, "Creating", "working");
  await context.parallel(() => client.volumes.create(volumeRequest(project.name, key, volume)));
  progress.step(`Volume ${volume.name}`, "Created", "done");
}
