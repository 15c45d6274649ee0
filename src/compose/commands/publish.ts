import { CliError } from "../../cli/cli-error.ts";
import { type CommandContext, defineCommand, exactly } from "../../cli/command.ts";
import { bool, string } from "../../cli/flags/flag-kinds.ts";
import { isTerminal } from "../../cli/terminal/is-terminal.ts";
import { delegate } from "../delegate.ts";
import type { Project } from "../file/project.ts";
import { loadFromFlags, projectContext, warn } from "../open-project.ts";
import { publishProject } from "../remote/publish-project.ts";

export const command = defineCommand({
  usage: "[OPTIONS] REPOSITORY[:TAG]",
  description: "Publish compose application",
  args: exactly(1),
  flags: {
    app: bool("Published compose application (includes referenced images)"),
    "insecure-registry": bool("Use insecure registry", { hidden: true }),
    "oci-version": string(
      "OCI image/artifact specification version (automatically determined by default)",
    ),
    "resolve-image-digests": bool("Pin image tags to digests"),
    "with-env": bool("Include environment variables in the published OCI artifact"),
    yes: bool('Assume "yes" as answer to all prompts', { short: "y" }),
  },
  run: async ({ values, args, context }) => {
    if (values.app) {
      throw new CliError(
        "--app is not supported: images stay where they are; push those that are built here with: berth compose push",
      );
    }
    const version = values["oci-version"];
    if (!["", "1.0", "1.1"].includes(version)) {
      throw new CliError(`unsupported OCI version "${version}": use 1.0 or 1.1`);
    }
    // What is published is what the files say, not what they mean here.
    const loaded = await loadFromFlags(context, { resolveEnvironment: false });
    checkBuilds(loaded.project);
    if (!values["with-env"]) checkEnvironment(loaded.project);
    await checkMounts(context, loaded.project, values.yes);
    const work = await projectContext(context, loaded, "Publishing", false);
    const [target = ""] = args;
    const dry = context.group.values["dry-run"] === true;
    if (!dry) await delegate(() => import("./push.ts"), [], context);
    work.progress.step(target, "publishing", "working");
    await publishProject(context, loaded, {
      target,
      insecure: values["insecure-registry"],
      pin: values["resolve-image-digests"],
      artifactType: version !== "1.0",
      dry,
    });
    work.progress.step(target, "published", "done");
    work.progress.finish();
    return 0;
  },
});

/** What is built here and has no name elsewhere nobody can run. */
function checkBuilds({ services }: Project): void {
  const nameless = Object.entries(services).filter(
    ([, { build, image }]) => build !== undefined && image === undefined,
  );
  if (nameless.length === 0) return;
  const names = nameless.map(([name]) => `- "${name}"\n`).join("");
  throw new CliError(
    `your Compose stack cannot be published as it only contains a build section for service(s):\n${names}`,
  );
}

function checkEnvironment({ services, configs = {} }: Project): void {
  const found = [
    ...Object.entries(services).flatMap(([name, service]) => [
      ...((service.env_file?.length ?? 0) > 0 ? [`service "${name}" has env_file declared.`] : []),
      ...(Object.keys(service.environment ?? {}).length > 0
        ? [`service "${name}" has environment variable(s) declared.`]
        : []),
    ]),
    ...Object.entries(configs).flatMap(([name, { content }]) =>
      content === undefined ? [] : [`config "${name}" has inline content.`],
    ),
  ];
  if (found.length === 0) return;
  throw new CliError(
    `${found.join("\n")}\nTo avoid leaking sensitive data, you must either explicitly allow the sending of environment variables by using the --with-env flag,\nor remove sensitive data from your Compose configuration`,
  );
}

/** Paths of this machine mean nothing elsewhere, or tell something of it. */
async function checkMounts(
  context: CommandContext,
  { services }: Project,
  yes: boolean,
): Promise<void> {
  const binds = Object.entries(services).flatMap(([name, { volumes = [] }]) =>
    volumes.filter(({ type }) => type === "bind").map(({ source }) => `  ${name}: ${source}`),
  );
  if (binds.length === 0) return;
  const text = `you are about to publish bind mounts declaration within your OCI artifact:\n${binds.join("\n")}`;
  if (yes) {
    warn(context, text);
    return;
  }
  if (isTerminal(0)) {
    const { confirm } = await import("../../cli/commands/confirm.ts");
    if (await confirm(context, `${text}\nAre you ok to publish these bind mount declarations?`))
      return;
  }
  throw new CliError(`${text}\nnot published: say --yes to publish them all the same`);
}
