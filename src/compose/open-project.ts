import { CliError } from "../cli/cli-error.ts";
import type { CommandContext } from "../cli/command.ts";
import { isTerminal } from "../cli/terminal/is-terminal.ts";
import type { ComposeFlagValues } from "./compose-flags.ts";
import { didYouMean } from "./file/closest-name.ts";
import { ComposeFileError } from "./file/compose-file-error.ts";
import { type Environment, shellEnvironment } from "./file/environment.ts";
import { type LoadedProject, type LoadOptions, loadProject } from "./file/load-project.ts";
import type { Project } from "./file/project.ts";
import { limit, type ProjectContext } from "./operations/project-context.ts";
import { listContainers } from "./state/project-state.ts";
import { LiveProgress } from "./view/live-progress.ts";
import { JsonProgress, PlainProgress, type Progress, SILENT } from "./view/progress.ts";

/** A project with what a command needs to work on it. */
export interface OpenProject {
  loaded: LoadedProject;
  context: ProjectContext;
}

export const composeValues = (context: CommandContext): ComposeFlagValues =>
  context.group.values as ComposeFlagValues;

export const environmentOf = (context: CommandContext): Environment =>
  shellEnvironment(context.environment);

/** Reads the project of the command line. */
export function loadFromFlags(
  context: CommandContext,
  more: Partial<LoadOptions> = {},
): Promise<LoadedProject> {
  const values = composeValues(context);
  const directory = values["project-directory"] || values.workdir;
  return loadProject({
    files: values.file,
    profiles: values.profile,
    envFiles: values["env-file"],
    workingDirectory: process.cwd(),
    environment: environmentOf(context),
    stdin: () => Bun.stdin.text(),
    warn: (message) => warn(context, message),
    remote: async (address) =>
      (await import("./remote/fetch-remote.ts")).fetchRemote(context, address),
    ...(directory === "" ? {} : { projectDirectory: directory }),
    ...(values["project-name"] === "" ? {} : { projectName: values["project-name"] }),
    ...more,
  });
}

export function warn({ stderr }: CommandContext, message: string): void {
  stderr.line(`WARN[0000] ${message}`);
}

/** The project and its surroundings; `title` heads a terminal's live view. */
export async function openProject(
  context: CommandContext,
  title: string,
  options: { services?: readonly string[]; quiet?: boolean } = {},
): Promise<OpenProject> {
  const loaded = await loadFromFlags(context, { services: options.services ?? [] });
  checkServices(loaded, options.services ?? []);
  return { loaded, context: await projectContext(context, loaded, title, options.quiet ?? false) };
}

/** A project that may be known by its containers alone: `-p NAME` where no file is. */
export async function openRunning(
  context: CommandContext,
  title: string,
  services: readonly string[] = [],
): Promise<OpenProject> {
  const loaded = await loadOrFind(context, services);
  checkServices(loaded, services);
  return { loaded, context: await projectContext(context, loaded, title, false) };
}

async function loadOrFind(
  context: CommandContext,
  services: readonly string[],
): Promise<LoadedProject> {
  const values = composeValues(context);
  const environment = environmentOf(context);
  const name = values["project-name"] || (environment.lookup("COMPOSE_PROJECT_NAME") ?? "");
  try {
    return await loadFromFlags(context, { services });
  } catch (error) {
    const missing =
      error instanceof ComposeFileError && error.message.startsWith("no configuration file");
    if (!missing || name === "" || values.file.length > 0) throw error;
  }
  const containers = await listContainers(await context.client(), name);
  const found = [...new Set(containers.map(({ service }) => service))];
  const project: Project = {
    name,
    services: Object.fromEntries(found.map((service) => [service, {}])),
  };
  const { fromPlain } = await import("./file/node.ts");
  const root = fromPlain({}, { file: "", line: 1, column: 1 });
  if (root.kind !== "map") throw new Error("unreachable");
  return { project, disabled: {}, root, files: [], directory: process.cwd(), environment };
}

export function checkServices({ project }: LoadedProject, services: readonly string[]): void {
  for (const service of services) {
    if (service in project.services) continue;
    const hint = didYouMean(service, Object.keys(project.services));
    throw new CliError(`no such service: ${service}${hint}`);
  }
}

export async function projectContext(
  context: CommandContext,
  loaded: LoadedProject,
  title: string,
  quiet: boolean,
): Promise<ProjectContext> {
  const values = composeValues(context);
  const asked =
    values.parallel > 0
      ? values.parallel
      : Number(loaded.environment.lookup("COMPOSE_PARALLEL_LIMIT") ?? 0);
  const client = await context.client();
  const progress = quiet ? SILENT : await progressOf(context, title, loaded.environment);
  return {
    client: values["dry-run"] ? (await import("./operations/dry-run.ts")).dryRun(client) : client,
    project: loaded.project,
    place: { directory: loaded.directory, files: loaded.files, envFiles: values["env-file"] },
    progress,
    parallel: limit(asked > 0 ? asked : Number.POSITIVE_INFINITY),
    warn: (message) => {
      if (progress.above?.(`WARN[0000] ${message}\n`) !== true) warn(context, message);
    },
  };
}

async function progressOf(
  context: CommandContext,
  title: string,
  environment: Environment,
): Promise<Progress> {
  const values = composeValues(context);
  const kind = values.progress || (environment.lookup("COMPOSE_PROGRESS") ?? "auto");
  const output = context.stderr;
  const plain = () => new PlainProgress(output, values["dry-run"]);
  switch (kind) {
    case "quiet":
      return SILENT;
    case "plain":
      return plain();
    case "json":
      return new JsonProgress(output);
    case "tty":
    case "auto": {
      const colours = usesColour(context);
      if (kind === "auto" && !(isTerminal(output.fd) && colours)) return plain();
      const terminal = await context.terminal();
      return new LiveProgress(output, title, () => terminal.size(output.fd)?.columns ?? 80);
    }
    default:
      throw new CliError(
        `unsupported --progress value "${kind}": use auto, tty, plain, json or quiet`,
      );
  }
}

/** May output be coloured? `--ansi`, `NO_COLOR`, a terminal. */
export function usesColour(context: CommandContext): boolean {
  const values = composeValues(context);
  const ansi = context.environment["COMPOSE_ANSI"] ?? values.ansi;
  if (values["no-ansi"] || ansi === "never") return false;
  if (ansi === "always") return true;
  return isTerminal(context.stdout.fd) && (context.environment["NO_COLOR"] ?? "") === "";
}
