import type { CommandContext } from "../cli/command.ts";
import type { Project } from "./file/project.ts";
import { renderConfig } from "./file/render-config.ts";

/** The project with every image named by its digest, which the registry is asked for. */
export async function pinImages(context: CommandContext, project: Project): Promise<Project> {
  const { images } = await context.client();
  const { credentialsFor } = await import("../cli/connection/registry-credentials.ts");
  const config = await context.config();
  const services = await Promise.all(
    Object.entries(project.services).map(async ([name, service]) => {
      if (service.image === undefined || service.image.includes("@"))
        return [name, service] as const;
      const auth = await credentialsFor(config, service.image);
      const { Descriptor } = await images.distribution(service.image, auth);
      return [name, { ...service, image: `${service.image}@${Descriptor.digest}` }] as const;
    }),
  );
  return { ...project, services: Object.fromEntries(services) };
}

/** A file to lay over others, which says nothing but the images. */
export function renderLock(project: Project, format: "yaml" | "json"): string {
  const services = Object.fromEntries(
    Object.entries(project.services).flatMap(([name, { image }]) =>
      image ? [[name, { image }]] : [],
    ),
  );
  const { name: _, ...rest } = { name: "", services } as Project;
  return renderConfig(rest as Project, { format, escapeDollars: true });
}
