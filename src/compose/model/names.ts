import type { Service } from "../file/project.ts";

/** `project-service-1`, or the name that the file gives. */
export const containerName = (
  project: string,
  name: string,
  service: Service,
  number: number,
): string => service.container_name ?? `${project}-${name}-${number}`;

/** The image that a service runs: what the file says, else what its build is called. */
export const imageName = (project: string, name: string, { image }: Service): string =>
  image ?? `${project}-${name}`;

/** How many containers a service wants. */
export const wantedScale = ({ scale, deploy }: Service): number => scale ?? deploy?.replicas ?? 1;
