import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { BUILD_FLAGS } from "../../cli/build/options/build-flags.ts";
import { BuildReporter, viewKind } from "../../cli/build/progress/build-reporter.ts";
import { BuildRun } from "../../cli/build/run-build.ts";
import { CliError } from "../../cli/cli-error.ts";
import type { CommandContext } from "../../cli/command.ts";
import { parseFlags } from "../../cli/flags/parse-flags.ts";
import type { Build, Service } from "../file/project.ts";
import { isRemote } from "../file/resolve-paths.ts";
import { imageName } from "../model/names.ts";
import type { ProjectContext } from "./project-context.ts";

export interface BuildOptions {
  /** More `--build-arg`, over the file's. */
  arguments: readonly string[];
  noCache: boolean;
  pull: boolean;
  push: boolean;
  quiet: boolean;
  ssh: string;
  /** Words for the builder that compose passes on: `--provenance=…`. */
  more: readonly string[];
}

export const DEFAULT_BUILD: BuildOptions = {
  arguments: [],
  noCache: false,
  pull: false,
  push: false,
  quiet: false,
  ssh: "",
  more: [],
};

/** Builds a service's image as `build` with the same settings would. */
export async function buildService(
  command: CommandContext,
  context: ProjectContext,
  name: string,
  service: Service,
  options: BuildOptions = DEFAULT_BUILD,
): Promise<void> {
  const { build } = service;
  if (build === undefined) return;
  const image = imageName(context.project.name, name, service);
  context.progress.step(`Image ${image}`, "Building", "working");
  const inline = await inlineDockerfile(build);
  try {
    const words = buildWords(context, image, service, build, inline, options);
    const { values, args } = parseFlags(BUILD_FLAGS, words, { interspersed: true });
    context.progress.finish();
    const reporter = await BuildReporter.open(command, viewKind("auto", options.quiet, command));
    const abort = new AbortController();
    const interrupt = () => abort.abort();
    process.on("SIGINT", interrupt);
    try {
      const end = await new BuildRun(values, command, reporter, abort.signal).run(args[0] ?? "");
      reporter.end(end.type === "error" ? "failed" : "completed");
      if (end.type === "error") {
        reporter.failure(end.failure);
        throw new CliError(`failed to build service "${name}": ${end.failure.message}`);
      }
    } catch (error) {
      if (!(error instanceof CliError)) reporter.end("failed");
      throw error;
    } finally {
      process.off("SIGINT", interrupt);
    }
  } finally {
    if (inline !== undefined) await rm(inline, { recursive: true, force: true });
  }
  context.progress.step(`Image ${image}`, "Built", "done");
}

/** A Dockerfile that stands in the Compose file needs a place outside of the context. */
async function inlineDockerfile({ dockerfile_inline: text }: Build): Promise<string | undefined> {
  if (text === undefined) return undefined;
  const directory = await mkdtemp(join(tmpdir(), "berth-compose-"));
  await writeFile(join(directory, "Dockerfile"), text);
  return directory;
}

/** The words of `build` that say what a service's `build` does. */
export function buildWords(
  { project }: Pick<ProjectContext, "project">,
  image: string,
  service: Service,
  build: Build,
  inline: string | undefined,
  options: BuildOptions,
): string[] {
  const context = build.context ?? ".";
  const each = (flag: string, values: readonly string[] | undefined) =>
    (values ?? []).map((value) => `--${flag}=${value}`);
  const pairs = (flag: string, values: Record<string, string | null> | undefined) =>
    Object.entries(values ?? {}).map(([key, value]) =>
      value === null ? `--${flag}=${key}` : `--${flag}=${key}=${value}`,
    );
  const platforms = build.platforms ?? (service.platform === undefined ? [] : [service.platform]);
  const limits = Object.entries(build.ulimits ?? {}).map(([key, value]) =>
    typeof value === "number" ? `${key}=${value}` : `${key}=${value.soft}:${value.hard}`,
  );
  return [
    ...each("tag", [image, ...(build.tags ?? [])]),
    ...each("file", dockerfileOf(context, build, inline)),
    ...pairs("build-arg", build.args),
    ...each("build-arg", options.arguments),
    ...pairs("label", build.labels),
    ...each("target", build.target === undefined ? [] : [build.target]),
    ...each("platform", platforms.length === 0 ? [] : [platforms.join(",")]),
    ...each("network", build.network === undefined ? [] : [build.network]),
    ...each("shm-size", build.shm_size === undefined ? [] : [build.shm_size]),
    ...each(
      "add-host",
      build.extra_hosts?.map((line) => line.replace("=", ":")),
    ),
    ...each("cache-from", build.cache_from),
    ...each("cache-to", build.cache_to),
    ...each("allow", build.entitlements),
    ...each("ulimit", limits),
    ...each(
      "build-context",
      Object.entries(build.additional_contexts ?? {}).map(namedContext(project.name)),
    ),
    ...each(
      "secret",
      build.secrets?.map((secret) => secretWord(project.secrets, secret)),
    ),
    ...each("ssh", sshWords(build, options.ssh)),
    ...each("provenance", said(build.provenance)),
    ...each("sbom", said(build.sbom)),
    ...each("isolation", said(build.isolation)),
    ...(build.no_cache === true || options.noCache ? ["--no-cache"] : []),
    ...(build.pull === true || options.pull ? ["--pull"] : []),
    ...(options.push ? ["--push"] : []),
    ...(options.quiet ? ["--quiet"] : []),
    ...options.more,
    context,
  ];
}

const said = (value: string | boolean | undefined): string[] =>
  value === undefined ? [] : [String(value)];

function dockerfileOf(
  context: string,
  { dockerfile }: Build,
  inline: string | undefined,
): string[] {
  if (inline !== undefined) return [join(inline, "Dockerfile")];
  if (dockerfile === undefined) return [];
  return [isRemote(context) || isAbsolute(dockerfile) ? dockerfile : join(context, dockerfile)];
}

/** `service:NAME` is the image of that service. */
const namedContext =
  (project: string) =>
  ([name, place]: [string, string]): string =>
    place.startsWith("service:")
      ? `${name}=docker-image://${project}-${place.slice("service:".length)}`
      : `${name}=${place}`;

function secretWord(
  sources: ProjectContext["project"]["secrets"],
  { source, target }: { source: string; target?: string },
): string {
  const found = sources?.[source];
  const id = `id=${target ?? source}`;
  if (found?.file !== undefined) return `${id},src=${found.file}`;
  return `${id},env=${found?.environment ?? ""}`;
}

function sshWords({ ssh = {} }: Build, more: string): string[] {
  const own = Object.entries(ssh).map(([id, path]) => (path === null ? id : `${id}=${path}`));
  return more === "" ? own : [...own, more];
}
