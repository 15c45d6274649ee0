import { defineCommand } from "../../cli/command.ts";
import { bool } from "../../cli/flags/flag-kinds.ts";
import { selectServices, withoutUnused } from "../file/select-services.ts";
import { imageMakers } from "../image-makers.ts";
import { checkServices, loadFromFlags, projectContext } from "../open-project.ts";
import { type UpOptions, up } from "../operations/up.ts";
import { openWatch } from "../watch/open-watch.ts";
import { anyArguments } from "./up.ts";

const SIGINT_EXIT_CODE = 130;

export const command = defineCommand({
  usage: "[SERVICE...]",
  description:
    "Watch build context for service and rebuild/refresh containers when files are updated",
  args: anyArguments,
  flags: {
    "no-up": bool("Do not build & start services before watching"),
    prune: bool("Prune dangling images on rebuild", { initial: true }),
    quiet: bool("hide build output"),
  },
  run: async ({ values, args, context }) => {
    const loaded = await loadFromFlags(context, { services: args });
    checkServices(loaded, args);
    const project = withoutUnused(selectServices(loaded.project, args));
    const work = await projectContext(context, { ...loaded, project }, "Running", false);
    const options: UpOptions = {
      targets: args,
      recreate: "diverged",
      recreateDependencies: "diverged",
      removeOrphans: false,
      others: new Set([...Object.keys(loaded.project.services), ...Object.keys(loaded.disabled)]),
      ignoreOrphans: false,
      images: { pull: "policy", build: "missing", quietPull: values.quiet },
      makers: imageMakers(context, work, values.quiet),
      lookup: loaded.environment.lookup,
      keepVolumes: true,
      start: true,
      wait: false,
    };
    const watch = await openWatch(context, work, {
      up: options,
      services: args,
      prune: values.prune,
      say: async (text) => {
        context.stdout.line(text);
        await context.stdout.flush();
      },
    });
    if (!values["no-up"]) await up(work, { ...options, images: built(options) });
    work.progress.finish();
    const end = () => watch.close();
    process.on("SIGINT", end).on("SIGTERM", end);
    try {
      await watch.run();
      return SIGINT_EXIT_CODE;
    } finally {
      process.off("SIGINT", end).off("SIGTERM", end);
    }
  },
});

/** What is watched is to be as the files are now. */
const built = ({ images }: UpOptions): UpOptions["images"] => ({ ...images, build: "always" });
