import type { CommandContext } from "../../cli/command.ts";
import { selectServices } from "../file/select-services.ts";
import type { ProjectContext } from "../operations/project-context.ts";
import { type UpOptions, up } from "../operations/up.ts";
import { ProjectWatch } from "./project-watch.ts";

export interface OpenWatchOptions {
  /** How the containers were brought up: rebuilt ones come up likewise. */
  up: UpOptions;
  services: readonly string[];
  /** Remove images that a rebuild has left without a name. */
  prune: boolean;
  say(text: string): Promise<void>;
  /** Runs a rebuild; default: just so. */
  around?: (rebuild: () => Promise<void>) => Promise<void>;
}

/** A watch over a project's files that rebuilds as `up` would. */
export async function openWatch(
  command: CommandContext,
  work: ProjectContext,
  options: OpenWatchOptions,
): Promise<ProjectWatch> {
  const rebuild = async (services: readonly string[]): Promise<void> => {
    const project = selectServices(work.project, services, "alone");
    await up(
      { ...work, project },
      {
        ...options.up,
        targets: services,
        recreate: "force",
        images: { ...options.up.images, build: "always" },
        ignoreOrphans: true,
        removeOrphans: false,
        rolling: false,
        wait: false,
        start: true,
      },
    );
    work.progress.finish();
    if (!options.prune) return;
    const label = [`com.docker.compose.project=${work.project.name}`];
    await work.client.images.prune({ dangling: ["true"], label });
  };
  const { services, say } = options;
  const trees = await command.trees();
  const { around = (work) => work() } = options;
  return new ProjectWatch({
    context: work,
    trees,
    services,
    say,
    rebuild: (names) => around(() => rebuild(names)),
  });
}
