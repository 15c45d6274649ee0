import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { checkProject } from "./check-project.ts";
import { ComposeFileError } from "./compose-file-error.ts";
import { convertValues } from "./convert-values.ts";
import { type Environment, withEnvFiles } from "./environment.ts";
import type { VariableUse } from "./interpolate.ts";
import { interpolate } from "./interpolate.ts";
import {
  type FetchRemote,
  FILE_NAMES,
  FileLoader,
  inDirectory,
  isRemoteFile,
  OVERRIDE_NAMES,
} from "./load-files.ts";
import { settle } from "./merge.ts";
import { get, type MapNode, mapEntries, type Node, textOf, toPlain, withEntries } from "./node.ts";
import { normalise } from "./normalise.ts";
import type { Project, Service } from "./project.ts";
import { resolveServiceEnvironment, resolveServiceLabels } from "./resolve-environment.ts";
import { enableServices, withProfiles } from "./select-services.ts";

export interface LoadOptions {
  /** `-f`; `-` is stdin. Without: `COMPOSE_FILE`, else the usual names upwards from the directory. */
  files: readonly string[];
  projectDirectory?: string;
  projectName?: string;
  profiles: readonly string[];
  envFiles?: readonly string[];
  /** Services that the command names: their profiles count as active. */
  services?: readonly string[];
  workingDirectory: string;
  environment: Environment;
  interpolate?: boolean;
  normalise?: boolean;
  resolvePaths?: boolean;
  /** Read env_file. */
  resolveEnvironment?: boolean;
  checkConsistency?: boolean;
  stdin(): Promise<string>;
  warn(message: string): void;
  onVariable?: (use: VariableUse) => void;
  /** Brings files from other hosts; absent: they are refused. */
  remote?: FetchRemote;
}

export interface LoadedProject {
  project: Project;
  /** Services that no active profile asks for. */
  disabled: Record<string, Service>;
  /** The merged file with its positions: what tells where a value was said. */
  root: MapNode;
  files: readonly string[];
  directory: string;
  environment: Environment;
}

/**
 * Reads a project: finds its files, merges, includes, extends, interpolates, checks and completes them.
 * Throws ComposeFileError, which names file, line and column.
 */
export async function loadProject(options: LoadOptions): Promise<LoadedProject> {
  const { files, confined } = await fetched(options, findFiles(options));
  const directory = projectDirectory(options, files);
  const environment = await projectEnvironment(options, directory);
  const loader = new FileLoader({
    environment,
    interpolate: options.interpolate ?? true,
    resolvePaths: options.resolvePaths ?? true,
    warn: options.warn,
    stdin: options.stdin,
    ...(options.onVariable === undefined ? {} : { onVariable: options.onVariable }),
    ...(options.remote === undefined ? {} : { remote: options.remote }),
  });
  const name = await projectName(options, files, directory, environment, loader);
  const named = environment.with("COMPOSE_PROJECT_NAME", name, "project");
  const merged = settle(
    await loader.load({ files, directory, environment: named, confined }),
  ) as MapNode;
  const cleaned = withEntries(merged, [
    ["version", undefined],
    ["name", undefined],
  ]);
  if (merged.entries.has("version")) warnVersion(options, merged);
  const typed = (options.interpolate ?? true) ? (convertValues(cleaned) as MapNode) : cleaned;
  const complete = (options.normalise ?? true) ? normalise(omitEmpty(typed), name) : typed;
  return finish(options, complete, { name, files, directory, environment: named });
}

async function finish(
  options: LoadOptions,
  root: MapNode,
  found: { name: string; files: readonly string[]; directory: string; environment: Environment },
): Promise<LoadedProject> {
  const whole = { services: {}, ...(toPlain(root) as object), name: found.name } as Project;
  for (const [name, service] of Object.entries(whole.services)) {
    if (service === null) throw missingService(name, root);
  }
  const active = activeProfiles(options, found.environment);
  const { project: chosen, disabled } = withProfiles(whole, active);
  const enabled = enableServices(chosen, disabled, options.services ?? []);
  if (options.checkConsistency ?? true) checkProject(enabled, root, new Set(Object.keys(disabled)));
  const services: Record<string, Service> = {};
  for (const [name, service] of Object.entries(enabled.services)) {
    const readFiles = options.resolveEnvironment ?? true;
    services[name] = await resolveServiceEnvironment(name, service, found.environment, readFiles);
    services[name] = await resolveServiceLabels(name, services[name], found.environment);
  }
  return { ...found, project: { ...enabled, services }, disabled, root };
}

function missingService(name: string, root: MapNode): ComposeFileError {
  const services = get(root, "services");
  const at = services?.kind === "map" ? services.keys.get(name) : root.at;
  return new ComposeFileError(`services.${name} is empty: it needs an image or a build`, at);
}

/** Empty mappings and lists where they say nothing. */
function omitEmpty(root: MapNode): MapNode {
  const services = get(root, "services");
  if (services?.kind !== "map") return root;
  const empty = (node: Node) => node.kind === "list" && node.items.length === 0;
  const cleaned = mapEntries(services, (service) => {
    if (service.kind !== "map") return service;
    const gone = [...service.entries].filter(
      ([key, value]) => OMITTED.includes(key) && empty(value),
    );
    return withEntries(
      service,
      gone.map(([key]) => [key, undefined]),
    );
  });
  return withEntries(root, [["services", cleaned]]);
}

const OMITTED = [
  "profiles",
  "dns",
  "dns_search",
  "tmpfs",
  "ports",
  "secrets",
  "configs",
  "volumes",
];

function warnVersion({ warn }: LoadOptions, root: MapNode): void {
  const file = root.entries.get("version")?.at.file ?? root.at.file;
  warn(
    `${file}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
  );
}

function findFiles(options: LoadOptions): string[] {
  const { environment, workingDirectory } = options;
  const separator = environment.lookup("COMPOSE_PATH_SEPARATOR") ?? ":";
  const named =
    options.files.length > 0
      ? options.files
      : (environment
          .lookup("COMPOSE_FILE")
          ?.split(separator)
          .filter((file) => file !== "") ?? []);
  if (named.length > 0) {
    return named.map((file) =>
      file === "-" || isRemoteFile(file) ? file : resolve(workingDirectory, file),
    );
  }
  const from = resolve(workingDirectory, options.projectDirectory ?? ".");
  for (let directory = from; ; directory = dirname(directory)) {
    const [file] = inDirectory(directory, FILE_NAMES).filter(existsSync);
    if (file !== undefined) {
      const [override] = inDirectory(directory, OVERRIDE_NAMES).filter(existsSync);
      return override === undefined ? [file] : [file, override];
    }
    if (directory === dirname(directory)) {
      throw new ComposeFileError(
        `no configuration file provided: not found (looked for ${FILE_NAMES.join(", ")} in ${from} and above)`,
      );
    }
  }
}

/** Files of other hosts, brought to this one. */
async function fetched(
  { remote }: LoadOptions,
  files: readonly string[],
): Promise<{ files: string[]; confined: Map<string, string> }> {
  const confined = new Map<string, string>();
  const here = await Promise.all(
    files.map(async (file) => {
      if (remote === undefined || !isRemoteFile(file)) return file;
      const found = await remote(file);
      confined.set(found.file, found.confine);
      return found.file;
    }),
  );
  return { files: here, confined };
}

function projectDirectory(options: LoadOptions, files: readonly string[]): string {
  if (options.projectDirectory !== undefined) {
    return resolve(options.workingDirectory, options.projectDirectory);
  }
  const [first] = files;
  return first === undefined || first === "-" ? options.workingDirectory : dirname(first);
}

async function projectEnvironment(options: LoadOptions, directory: string): Promise<Environment> {
  const { environment } = options;
  const listed = environment
    .lookup("COMPOSE_ENV_FILES")
    ?.split(",")
    .filter((file) => file !== "");
  const given = options.envFiles ?? [];
  const named = given.length > 0 ? given : listed;
  if (
    named === undefined &&
    /^(?:1|t|true)$/i.test(environment.lookup("COMPOSE_DISABLE_ENV_FILE") ?? "")
  ) {
    return environment;
  }
  return withEnvFiles(
    environment,
    directory,
    named?.map((file) => resolve(options.workingDirectory, file)),
  );
}

function activeProfiles(options: LoadOptions, environment: Environment): string[] {
  if (options.profiles.length > 0) return [...options.profiles];
  return (
    environment
      .lookup("COMPOSE_PROFILES")
      ?.split(",")
      .map((word) => word.trim()) ?? []
  );
}

const VALID_NAME = /^[a-z0-9][a-z0-9_-]*$/;

async function projectName(
  options: LoadOptions,
  files: readonly string[],
  directory: string,
  environment: Environment,
  loader: FileLoader,
): Promise<string> {
  const said = options.projectName ?? environment.lookup("COMPOSE_PROJECT_NAME");
  if (said !== undefined && said !== "") {
    if (VALID_NAME.test(said)) return said;
    throw new ComposeFileError(
      `invalid project name "${said}": must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number`,
    );
  }
  let inFile: string | undefined;
  for (const file of files) {
    for (const document of await loader.documents(file)) {
      const text = textOf(get(document, "name"));
      if (text !== undefined) inFile = interpolate(text, { lookup: environment.lookup });
    }
  }
  const name = asProjectName(inFile ?? "") || asProjectName(basename(directory));
  if (name === "") throw new ComposeFileError("project name must not be empty: give one with -p");
  return name;
}

/** A directory's name with what no project's name may hold left out. */
export const asProjectName = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");
