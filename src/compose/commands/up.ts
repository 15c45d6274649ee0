import { CliError } from "../../cli/cli-error.ts";
import { type ArgumentRule, type CommandContext, defineCommand } from "../../cli/command.ts";
import type { FlagValues } from "../../cli/flags/flag.ts";
import { bool, int, list, string } from "../../cli/flags/flag-kinds.ts";
import { isTerminal } from "../../cli/terminal/is-terminal.ts";
import type { Project } from "../file/project.ts";
import { selectServices, withoutUnused } from "../file/select-services.ts";
import { imageMakers } from "../image-makers.ts";
import { checkServices, loadFromFlags, projectContext, usesColour } from "../open-project.ts";
import type { ImageOptions } from "../operations/ensure-images.ts";
import { Foreground } from "../operations/foreground.ts";
import type { ProjectContext } from "../operations/project-context.ts";
import { type UpOptions, up } from "../operations/up.ts";
import type { Recreate } from "../plan/plan-up.ts";
import { LogPrinter } from "../view/log-printer.ts";
import type { ProjectWatch } from "../watch/project-watch.ts";
import { withScale } from "./scale-flag.ts";

export const anyArguments: ArgumentRule = () => {};

const flags = {
  "abort-on-container-exit": bool(
    "Stops all containers if any container was stopped. Incompatible with -d",
  ),
  "abort-on-container-failure": bool(
    "Stops all containers if any container exited with failure. Incompatible with -d",
  ),
  "always-recreate-deps": bool("Recreate dependent containers. Incompatible with --no-recreate."),
  attach: list(
    "Restrict attaching to the specified services. Incompatible with --attach-dependencies.",
  ),
  "attach-dependencies": bool("Automatically attach to log output of dependent services"),
  build: bool("Build images before starting containers"),
  detach: bool("Detached mode: Run containers in the background", { short: "d" }),
  "exit-code-from": string(
    "Return the exit code of the selected service container. Implies --abort-on-container-exit",
  ),
  "force-recreate": bool(
    "Recreate containers even if their configuration and image haven't changed",
  ),
  menu: bool("Enable interactive shortcuts when running attached", { hidden: true }),
  "no-attach": list("Do not attach (stream logs) to the specified services"),
  "no-build": bool("Don't build an image, even if it's policy"),
  "no-color": bool("Produce monochrome output"),
  "no-deps": bool("Don't start linked services"),
  "no-log-prefix": bool("Don't print prefix in logs"),
  "no-recreate": bool(
    "If containers already exist, don't recreate them. Incompatible with --force-recreate.",
  ),
  "no-start": bool("Don't start the services after creating them"),
  pull: string('Pull image before running ("always"|"missing"|"never")', { initial: "policy" }),
  "quiet-build": bool("Suppress the build output"),
  "quiet-pull": bool("Pull without printing progress information"),
  "remove-orphans": bool("Remove containers for services not defined in the Compose file"),
  "renew-anon-volumes": bool(
    "Recreate anonymous volumes instead of retrieving data from the previous containers",
    { short: "V" },
  ),
  rolling: bool(
    "Start new containers first and stop the old ones when these are healthy, without a gap at published ports",
  ),
  scale: list(
    "Scale SERVICE to NUM instances. Overrides the scale setting in the Compose file if present.",
  ),
  timeout: int(
    "Use this timeout in seconds for container shutdown when attached or when containers are already running",
    { short: "t" },
  ),
  timestamps: bool("Show timestamps"),
  wait: bool("Wait for services to be running|healthy. Implies detached mode."),
  "wait-timeout": int("Maximum duration in seconds to wait for the project to be running|healthy"),
  watch: bool("Watch source code and rebuild/refresh containers when files are updated.", {
    short: "w",
  }),
  yes: bool('Assume "yes" as answer to all prompts and run non-interactively', { short: "y" }),
};
type UpValues = FlagValues<typeof flags>;

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "Create and start containers",
  args: anyArguments,
  flags,
  run: async ({ values, changed, args, context }) => {
    checkFlags(values);
    const loaded = await loadFromFlags(context, { services: args });
    checkServices(loaded, args);
    const chosen = selectServices(
      loaded.project,
      args,
      values["no-deps"] ? "alone" : "with dependencies",
    );
    const project = withoutUnused(withScale(chosen, values.scale));
    const work = await projectContext(context, { ...loaded, project }, "Running", false);
    const options: UpOptions = {
      targets: args,
      recreate: recreateOf(values),
      recreateDependencies: values["always-recreate-deps"] ? "force" : "diverged",
      removeOrphans: values["remove-orphans"],
      others: new Set([...Object.keys(loaded.project.services), ...Object.keys(loaded.disabled)]),
      ignoreOrphans: isTrue(loaded.environment.lookup("COMPOSE_IGNORE_ORPHANS")),
      images: imageOptions(values),
      makers: imageMakers(context, work, values["quiet-build"]),
      lookup: loaded.environment.lookup,
      keepVolumes: !values["renew-anon-volumes"],
      ...(changed.has("timeout") ? { stopTimeout: values.timeout } : {}),
      start: !values["no-start"],
      wait: values.wait,
      rolling: values.rolling,
      ...(changed.has("wait-timeout") ? { waitTimeout: values["wait-timeout"] } : {}),
    };
    if (values.detach || values.wait || values["no-start"] || isDryRun(context)) {
      return detached(work, options);
    }
    return inForeground(context, work, options, values, args);
  },
});

const isDryRun = (context: CommandContext): boolean => context.group.values["dry-run"] === true;
const isTrue = (text: string | undefined): boolean => /^(?:1|t|true)$/i.test(text ?? "");

async function detached(work: ProjectContext, options: UpOptions): Promise<number> {
  try {
    await up(work, options);
  } catch (error) {
    work.progress.finish();
    throw await explained(work, error);
  }
  work.progress.finish();
  return 0;
}

/** A failing `up` says what runs now and how to take it down. */
async function explained(work: ProjectContext, error: unknown): Promise<unknown> {
  const { listContainers } = await import("../state/project-state.ts");
  const all = await listContainers(work.client, work.project.name).catch(() => []);
  const started = all.filter(({ state }) => state === "running").map(({ name }) => name);
  if (started.length > 0) {
    work.warn(
      `started and still running: ${started.join(", ")}; take it down with: berth compose down`,
    );
  }
  return error;
}

async function inForeground(
  context: CommandContext,
  work: ProjectContext,
  options: UpOptions,
  values: UpValues,
  targets: readonly string[],
): Promise<number> {
  const printer = new LogPrinter(context.stdout, {
    prefix: !values["no-log-prefix"],
    colour: !values["no-color"] && usesColour(context),
    ...(isTerminal(context.stdout.fd)
      ? { above: (text: string) => work.progress.above?.(text) ?? false }
      : {}),
  });
  const abort = values["abort-on-container-failure"]
    ? "failure"
    : values["abort-on-container-exit"] || values["exit-code-from"] !== ""
      ? "exit"
      : undefined;
  const stay = await Foreground.open(work, {
    printer,
    attach: attached(work.project, values, targets),
    timestamps: values.timestamps,
    ...(abort === undefined ? {} : { abort }),
    ...(values["exit-code-from"] === "" ? {} : { exitCodeFrom: values["exit-code-from"] }),
    ...(options.stopTimeout === undefined ? {} : { stopTimeout: options.stopTimeout }),
  });
  let watch: ProjectWatch | undefined;
  try {
    const followed = new Set<string>();
    const following: UpOptions = {
      ...options,
      beforeStart: async (container) => {
        followed.add(container.id);
        await stay.follow(container);
      },
    };
    if (values.watch) watch = await watchBeside(context, work, following, stay, printer, targets);
    const result = await up(work, following);
    work.progress.finish();
    const others = result.containers.filter(({ id }) => !followed.has(id));
    const running = await runningOf(
      work,
      others.map(({ id }) => id),
    );
    await context.stderr.flush();
    await printer.note(`Attaching to ${names(work.project.name, result.containers)}`);
    await Promise.all(others.filter(({ id }) => running.has(id)).map((each) => stay.follow(each)));
  } catch (error) {
    stay.close();
    work.progress.finish();
    throw await explained(work, error);
  }
  void watch?.run();
  try {
    return await stay.end();
  } finally {
    watch?.close();
  }
}

/** `--watch`: a watch whose rebuilds do not end what stays in the foreground. */
async function watchBeside(
  context: CommandContext,
  work: ProjectContext,
  options: UpOptions,
  stay: Foreground,
  printer: LogPrinter,
  services: readonly string[],
): Promise<ProjectWatch> {
  const { openWatch } = await import("../watch/open-watch.ts");
  return openWatch(context, work, {
    up: options,
    services,
    prune: true,
    say: (text) => printer.watchNote(text),
    around: (rebuild) => stay.during(rebuild),
  });
}

const names = (project: string, containers: readonly { name: string }[]): string =>
  containers.map(({ name }) => name.replace(`${project}-`, "")).join(", ");

async function runningOf(work: ProjectContext, ids: readonly string[]): Promise<Set<string>> {
  const { listContainers } = await import("../state/project-state.ts");
  const all = await listContainers(work.client, work.project.name);
  return new Set(
    all.filter(({ id, state }) => ids.includes(id) && state === "running").map(({ id }) => id),
  );
}

function attached(project: Project, values: UpValues, targets: readonly string[]): Set<string> {
  const all = Object.keys(project.services);
  const base =
    values.attach.length > 0
      ? values.attach
      : values["attach-dependencies"] || targets.length === 0
        ? all
        : targets;
  return new Set(
    base.filter(
      (name) => !values["no-attach"].includes(name) && project.services[name]?.attach !== false,
    ),
  );
}

function recreateOf(values: UpValues): Recreate {
  if (values["force-recreate"]) return "force";
  return values["no-recreate"] ? "never" : "diverged";
}

export function imageOptions(values: {
  readonly pull: string;
  readonly build: boolean;
  readonly "no-build": boolean;
  readonly "quiet-pull": boolean;
}): ImageOptions {
  const { pull } = values;
  if (!["always", "missing", "never", "policy", "build"].includes(pull)) {
    throw new CliError(
      `invalid --pull option "${pull}": use always, missing, never, build or policy`,
    );
  }
  return {
    pull: pull as NonNullable<ImageOptions["pull"]>,
    build: values.build ? "always" : values["no-build"] ? "never" : "missing",
    quietPull: values["quiet-pull"],
  };
}

function checkFlags(values: UpValues): void {
  const clash = (a: keyof UpValues & string, b: keyof UpValues & string) => {
    if (values[a] && values[b]) throw new CliError(`--${a} and --${b} are incompatible`);
  };
  clash("build", "no-build");
  clash("force-recreate", "no-recreate");
  clash("always-recreate-deps", "no-recreate");
  clash("detach", "watch");
  clash("wait", "watch");
  clash("rolling", "no-start");
  clash("rolling", "no-recreate");
  clash("detach", "abort-on-container-exit");
  clash("detach", "abort-on-container-failure");
  clash("detach", "attach-dependencies");
  clash("wait", "abort-on-container-exit");
  if (values.attach.length > 0 && values["attach-dependencies"]) {
    throw new CliError("cannot combine --attach and --attach-dependencies");
  }
}
