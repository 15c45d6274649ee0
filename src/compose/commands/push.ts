import { defineCommand } from "../../cli/command.ts";
import { credentialsFor } from "../../cli/connection/registry-credentials.ts";
import { bool } from "../../cli/flags/flag-kinds.ts";
import { parseReference, withDefaultTag } from "../../spec/index.ts";
import { selectServices } from "../file/select-services.ts";
import { openProject } from "../open-project.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "Push service images",
  args: anyArguments,
  flags: {
    "ignore-push-failures": bool("Push what it can and ignores images with push failures"),
    "include-deps": bool("Also push images of services declared as dependencies"),
    quiet: bool("Push without printing progress information", { short: "q" }),
  },
  run: async ({ values, args, context }) => {
    const { context: work } = await openProject(context, "Pushing", {
      services: args,
      quiet: values.quiet,
    });
    const { services } = selectServices(
      work.project,
      args,
      values["include-deps"] ? "with dependencies" : "alone",
    );
    const images = Object.values(services).flatMap(({ build, image }) =>
      build === undefined || image === undefined ? [] : [image, ...(build.tags ?? [])],
    );
    const failures: Error[] = [];
    await Promise.all(
      [...new Set(images)].map(async (image) => {
        work.progress.step(`Image ${image}`, "Pushing", "working");
        try {
          const auth = await credentialsFor(await context.config(), image);
          const { tag = "latest" } = withDefaultTag(parseReference(image));
          const name = image.endsWith(`:${tag}`) ? image.slice(0, -tag.length - 1) : image;
          const messages = await work.client.images.push(name, {
            tag,
            ...(auth === undefined ? {} : { auth }),
          });
          for await (const _ of messages) {
            // Read to the end: a failure comes as a message.
          }
          work.progress.step(`Image ${image}`, "Pushed", "done");
        } catch (error) {
          work.progress.step(`Image ${image}`, "Error", "error", (error as Error).message);
          failures.push(error as Error);
        }
      }),
    );
    work.progress.finish();
    const [failure] = failures;
    if (failure !== undefined && !values["ignore-push-failures"]) throw failure;
    return 0;
  },
});
