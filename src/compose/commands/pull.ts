import { defineCommand } from "../../cli/command.ts";
import { bool, string } from "../../cli/flags/flag-kinds.ts";
import { selectServices } from "../file/select-services.ts";
import { imageMakers } from "../image-makers.ts";
import { openProject } from "../open-project.ts";
import { imageId } from "../operations/ensure-images.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "Pull service images",
  args: anyArguments,
  flags: {
    "ignore-buildable": bool("Ignore images that can be built"),
    "ignore-pull-failures": bool("Pull what it can and ignores images with pull failures"),
    "include-deps": bool("Also pull services declared as dependencies"),
    policy: string('Apply pull policy ("missing"|"always")'),
    quiet: bool("Pull without printing progress information", { short: "q" }),
  },
  run: async ({ values, args, context }) => {
    const { context: work } = await openProject(context, "Pulling", {
      services: args,
      quiet: values.quiet,
    });
    const { services } = selectServices(
      work.project,
      args,
      values["include-deps"] ? "with dependencies" : "alone",
    );
    const makers = imageMakers(context, work);
    const failures: Error[] = [];
    const images = new Map(
      Object.values(services).flatMap((service) => {
        const { image, build, pull_policy: policy } = service;
        if (image === undefined || policy === "never" || policy === "build") return [];
        return build !== undefined && values["ignore-buildable"] ? [] : [[image, service] as const];
      }),
    );
    await Promise.all(
      [...images].map(async ([image, service]) => {
        if (values.policy === "missing" && (await imageId(work.client, image)) !== undefined)
          return;
        try {
          await makers.pull(image, service, `Image ${image}`);
        } catch (error) {
          // What can be built need not be anywhere.
          if (service.build === undefined) failures.push(error as Error);
        }
      }),
    );
    work.progress.finish();
    const [failure] = failures;
    if (failure !== undefined && !values["ignore-pull-failures"]) throw failure;
    return 0;
  },
});
