import type { EngineClient } from "../../client/index.ts";
import type { ContainerSummary, Network, Volume } from "../../spec/index.ts";
import { LABEL } from "../model/labels.ts";

/** A container that bears a project's labels. */
export interface ServiceContainer {
  id: string;
  /** Without the leading slash. */
  name: string;
  service: string;
  number: number;
  oneOff: boolean;
  state: ContainerSummary["State"];
  labels: Record<string, string>;
  summary: ContainerSummary;
}

export interface ProjectState {
  /** Sorted by service and number; without one-off containers. */
  containers: ServiceContainer[];
  oneOffs: ServiceContainer[];
  networks: Network[];
  volumes: Volume[];
}

const ofProject = (project: string) => ({ label: [`${LABEL.project}=${project}`] });

/** What the engine has of a project. */
export async function observeProject(client: EngineClient, project: string): Promise<ProjectState> {
  const filters = ofProject(project);
  const [containers, networks, volumes] = await Promise.all([
    listContainers(client, project),
    client.networks.list({ filters }),
    client.volumes.list({ filters }),
  ]);
  return {
    containers: containers.filter(({ oneOff }) => !oneOff),
    oneOffs: containers.filter(({ oneOff }) => oneOff),
    networks,
    volumes: volumes.Volumes ?? [],
  };
}

export async function listContainers(
  client: EngineClient,
  project: string,
): Promise<ServiceContainer[]> {
  const found = await client.containers.list({ all: true, filters: ofProject(project) });
  return found.map(serviceContainer).sort(byServiceAndNumber);
}

export function serviceContainer(summary: ContainerSummary): ServiceContainer {
  const labels = summary.Labels;
  return {
    id: summary.Id,
    name: (summary.Names[0] ?? `/${summary.Id.slice(0, 12)}`).slice(1),
    service: labels[LABEL.service] ?? "",
    number: Number(labels[LABEL.number] ?? 1),
    oneOff: labels[LABEL.oneOff]?.toLowerCase() === "true",
    state: summary.State,
    labels,
    summary,
  };
}

const byServiceAndNumber = (a: ServiceContainer, b: ServiceContainer): number =>
  a.service === b.service ? a.number - b.number : a.service < b.service ? -1 : 1;
