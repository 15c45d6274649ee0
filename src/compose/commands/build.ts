import { defineCommand } from "../../cli/command.ts";
import { bool, bytes, list, string } from "../../cli/flags/flag-kinds.ts";
import type { Service } from "../file/project.ts";
import { renderConfig } from "../file/render-config.ts";
import { selectServices } from "../file/select-services.ts";
import { openProject } from "../open-project.ts";
import { buildService } from "../operations/build-service.ts";
import { inDependencyOrder } from "../operations/service-graph.ts";
import { anyArguments } from "./up.ts";

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "Build or rebuild services",
  args: anyArguments,
  flags: {
    "build-arg": list("Set build-time variables for services"),
    builder: string("Set builder to use"),
    check: bool("Check build configuration"),
    memory: bytes("Set memory limit for the build container. Not supported by BuildKit.", {
      short: "m",
    }),
    "no-cache": bool("Do not use cache when building the image"),
    print: bool("Print equivalent bake file"),
    provenance: string("Add a provenance attestation"),
    pull: bool("Always attempt to pull a newer version of the image"),
    push: bool("Push service images"),
    quiet: bool("Suppress the build output", { short: "q" }),
    sbom: string("Add a SBOM attestation"),
    ssh: string(
      "Set SSH authentications used when building service images. (use 'default' for using your default SSH Agent)",
    ),
    "with-dependencies": bool("Also build dependencies (transitively)"),
  },
  run: async ({ values, args, context }) => {
    const { context: work } = await openProject(context, "Building", {
      services: args,
      quiet: values.quiet,
    });
    const chosen = selectServices(
      work.project,
      args,
      values["with-dependencies"] ? "with dependencies" : "alone",
    );
    const services = Object.entries(chosen.services).filter(([, { build }]) => build !== undefined);
    if (values.print) {
      context.stdout.write(
        renderConfig(
          { ...chosen, services: Object.fromEntries(services) },
          { format: "json", escapeDollars: false },
        ),
      );
      return 0;
    }
    if (services.length === 0) work.warn("No services to build");
    const names = services.map(([name]) => name);
    const options = {
      arguments: values["build-arg"],
      noCache: values["no-cache"],
      pull: values.pull,
      push: values.push,
      quiet: values.quiet,
      ssh: values.ssh,
      more: [
        ...(values.check ? ["--check"] : []),
        ...(values.provenance === "" ? [] : [`--provenance=${values.provenance}`]),
        ...(values.sbom === "" ? [] : [`--sbom=${values.sbom}`]),
        ...(values.memory === 0 ? [] : [`--memory=${values.memory}`]),
      ],
    };
    // One after the other in a terminal's view: each build has a live tree of its own.
    let last: Promise<void> = Promise.resolve();
    await inDependencyOrder(
      names,
      (name) => contextServices(work.project.services[name]),
      async (name) => {
        const turn = last.then(() =>
          buildService(context, work, name, work.project.services[name] ?? {}, options),
        );
        last = turn.catch(() => {});
        await turn;
      },
    );
    work.progress.finish();
    return 0;
  },
});

/** Services whose image is a context of this one's build. */
const contextServices = (service: Service | undefined): string[] =>
  Object.values(service?.build?.additional_contexts ?? {}).flatMap((place) =>
    place.startsWith("service:") ? [place.slice("service:".length)] : [],
  );
