import type { CommandContext } from "../cli/command.ts";
import { credentialsFor } from "../cli/connection/registry-credentials.ts";
import { humanSize } from "../cli/format/human-size.ts";
import type { ProgressMessage } from "../spec/index.ts";
import type { Service } from "./file/project.ts";
import type { ImageMakers } from "./operations/ensure-images.ts";
import type { ProjectContext } from "./operations/project-context.ts";

/** Pulls with the user's credentials, and builds; both told to the project's progress. */
export function imageMakers(
  command: CommandContext,
  context: ProjectContext,
  quietBuild = false,
): ImageMakers {
  return {
    pull: (image, service, subject) => pull(command, context, image, service, subject),
    build: async (name, service) => {
      const { buildService, DEFAULT_BUILD } = await import("./operations/build-service.ts");
      const options = { ...DEFAULT_BUILD, quiet: quietBuild };
      await buildService(command, context, name, service, options);
    },
  };
}

async function pull(
  command: CommandContext,
  { client, progress, parallel }: ProjectContext,
  image: string,
  { platform }: Service,
  subject: string,
): Promise<void> {
  progress.step(subject, "Pulling", "working");
  try {
    await parallel(async () => {
      const auth = await credentialsFor(await command.config(), image);
      const messages = await client.images.pull({
        reference: image,
        ...(platform === undefined ? {} : { platform }),
        ...(auth === undefined ? {} : { auth }),
      });
      const layers = new Map<string, ProgressMessage>();
      for await (const message of messages) {
        if (message.id === undefined || message.progressDetail?.current === undefined) continue;
        layers.set(message.id, message);
        progress.step(subject, "Pulling", "working", advance(layers));
      }
    });
  } catch (error) {
    progress.step(subject, "Error", "error", error instanceof Error ? error.message : "");
    throw error;
  }
  progress.step(subject, "Pulled", "done");
}

function advance(layers: ReadonlyMap<string, ProgressMessage>): string {
  let [current, total] = [0, 0];
  for (const { progressDetail } of layers.values()) {
    current += progressDetail?.current ?? 0;
    total += progressDetail?.total ?? 0;
  }
  return `${humanSize(current, 3)} / ${humanSize(total, 3)}`;
}
