import { writeFile } from "node:fs/promises";
import { CliError } from "../../cli/cli-error.ts";
import { type CommandContext, defineCommand } from "../../cli/command.ts";
import type { FlagValues } from "../../cli/flags/flag.ts";
import { bool, string } from "../../cli/flags/flag-kinds.ts";
import type { VariableUse } from "../file/interpolate.ts";
import type { LoadedProject } from "../file/load-project.ts";
import type { Project } from "../file/project.ts";
import { renderConfig } from "../file/render-config.ts";
import { selectServices, withoutUnused } from "../file/select-services.ts";
import { whereSaid } from "../file/where-said.ts";
import { serviceHash } from "../model/config-hash.ts";
import { imageName } from "../model/names.ts";
import { checkServices, composeValues, loadFromFlags } from "../open-project.ts";
import { pinImages, renderLock } from "../pin-images.ts";
import { anyArguments } from "./up.ts";

export const configFlags = {
  environment: bool("Print environment used for interpolation."),
  format: string("Format the output. Values: [yaml | json]", { initial: "yaml" }),
  hash: string("Print the service config hash, one per line."),
  images: bool("Print the image names, one per line."),
  "lock-image-digests": bool("Produces an override file with image digests"),
  models: bool("Print the model names, one per line."),
  networks: bool("Print the network names, one per line."),
  "no-consistency": bool(
    "Don't check model consistency - warning: may produce invalid Compose output",
  ),
  "no-env-resolution": bool("Don't resolve service env files"),
  "no-interpolate": bool("Don't interpolate environment variables"),
  "no-normalize": bool("Don't normalize compose model"),
  "no-path-resolution": bool("Don't resolve file paths"),
  output: string("Save to file (default to stdout)", { short: "o" }),
  profiles: bool("Print the profile names, one per line."),
  quiet: bool("Only validate the configuration, don't print anything", { short: "q" }),
  "resolve-image-digests": bool("Pin image tags to digests"),
  services: bool("Print the service names, one per line."),
  variables: bool("Print model variables and default values."),
  volumes: bool("Print the volume names, one per line."),
  why: string("Say which file and line set a key: services.web.image"),
};
type ConfigValues = FlagValues<typeof configFlags>;

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "Parse, resolve and render compose file in canonical format",
  args: anyArguments,
  flags: configFlags,
  run: async ({ values, args, context }) => {
    const uses: VariableUse[] = [];
    const loaded = await loadFromFlags(context, {
      services: args,
      interpolate: !values["no-interpolate"],
      normalise: !values["no-normalize"],
      resolvePaths: !values["no-path-resolution"],
      resolveEnvironment: !values["no-env-resolution"] && values.hash === "",
      checkConsistency: !values["no-consistency"] && !values["no-interpolate"],
      onVariable: (use) => uses.push(use),
    });
    checkServices(loaded, args);
    const text = await answer(context, loaded, values, args, uses);
    if (values.quiet || text === undefined) return 0;
    if (values.output === "") context.stdout.write(text);
    else await writeFile(values.output, text);
    return 0;
  },
});

async function answer(
  context: CommandContext,
  loaded: LoadedProject,
  values: ConfigValues,
  services: readonly string[],
  uses: readonly VariableUse[],
): Promise<string | undefined> {
  const { environment, root } = loaded;
  const project = selectServices(loaded.project, services);
  if (values.why !== "") return whereSaid(values.why, root, environment);
  if (values.environment) {
    return lines(environment.entries().map(([name, { value }]) => `${name}=${value}`));
  }
  if (values.variables) return variableTable(uses);
  const list = listed(values, project, loaded);
  if (list !== undefined) return lines(list);
  const whole = composeValues(context)["all-resources"] ? project : withoutUnused(project);
  const pinned =
    values["resolve-image-digests"] || values["lock-image-digests"]
      ? await pinImages(context, whole)
      : whole;
  const { format } = values;
  if (format !== "yaml" && format !== "json") {
    throw new CliError(`unsupported format "${format}": use yaml or json`);
  }
  if (values["lock-image-digests"]) return renderLock(pinned, format);
  return renderConfig(pinned, { format, escapeDollars: !values["no-interpolate"] });
}

function listed(
  values: ConfigValues,
  project: Project,
  { disabled }: LoadedProject,
): string[] | undefined {
  const services = Object.entries(project.services);
  if (values.services) return services.map(([name]) => name);
  if (values.volumes) return Object.keys(project.volumes ?? {});
  if (values.networks) return Object.keys(project.networks ?? {});
  if (values.models) return Object.keys(project.models ?? {});
  if (values.images) {
    return services.map(([name, service]) => imageName(project.name, name, service));
  }
  if (values.profiles) {
    const all = [...services, ...Object.entries(disabled)];
    return [...new Set(all.flatMap(([, { profiles = [] }]) => profiles))].sort();
  }
  if (values.hash === "") return undefined;
  const wanted = values.hash === "*" ? undefined : values.hash.split(",");
  return services
    .filter(([name]) => wanted?.includes(name) ?? true)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, service]) => `${name} ${serviceHash(service)}`);
}

const lines = (words: readonly string[]): string => words.map((word) => `${word}\n`).join("");

function variableTable(uses: readonly VariableUse[]): string {
  const known = new Map<string, VariableUse>();
  for (const use of uses) known.set(use.name, { ...known.get(use.name), ...use });
  const rows = [...known.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((use) => [use.name, String(use.required), use.fallback ?? "", use.alternate ?? ""]);
  const table = [["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"], ...rows];
  const widths = [0, 1, 2].map(
    (column) => Math.max(...table.map((row) => (row[column] ?? "").length)) + 3,
  );
  return lines(
    table.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("")
        .trimEnd(),
    ),
  );
}

/** Every image by the digest that its registry has now. */
