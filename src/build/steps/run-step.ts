import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { close } from "../../linux/file.ts";
import { ensureDirectoryInRoot, ensureFileInRoot, openRoot } from "../../linux/in-root.ts";
import type { ResolvedMount } from "../../runtime/index.ts";
import { EngineError, randomId, sha256 } from "../../spec/index.ts";
import type { Tree, Workspace } from "../../store/index.ts";
import type { KeyParts } from "../cache/step-cache.ts";
import type { Expanded, RunInstruction } from "../dockerfile/index.ts";
import type { VertexProgress } from "../solver/build-events.ts";
import type { BuildJob } from "../solver/build-job.ts";
import { CommandFailure } from "../solver/step-failure.ts";
import { commandArguments } from "./apply-config.ts";
import { type PreparedMounts, prepareMounts, type SourceOf } from "./run-mounts.ts";
import type { StageState } from "./stage-state.ts";
import { StepDirectory } from "./step-directory.ts";

export type Run = Expanded<RunInstruction>;

/** Where a script of `RUN <<EOF` with `#!` stands in the container. */
const SCRIPTS = "/dev/pipes";

export interface RunPlan {
  readonly parts: KeyParts;
  readonly operation: ReturnType<typeof sha256>;
  execute(vertex: VertexProgress): Promise<Tree>;
}

/** What a `RUN` is made of: for its key, and to do it. */
export async function planRun(
  job: BuildJob,
  state: StageState,
  run: Run,
  sourceOf: SourceOf,
): Promise<RunPlan> {
  checkAllowed(job, run);
  const environment = state.scope.runEnvironment();
  const mounts: Record<string, string> = {};
  for (const mount of run.mounts) {
    const place = `the mount ${"target" in mount ? mount.target : mount.type}`;
    const source = await sourceOf.digest(mount);
    mounts[place] = sha256(JSON.stringify([mount, source]));
  }
  const parts: Record<string, string> = {
    "the command": JSON.stringify(run.command),
    "the shell": JSON.stringify(state.config.Shell ?? null),
    "the user": state.config.User ?? "",
    "the working directory": state.config.WorkingDir ?? "",
    "the network": networkOf(job, run),
    "the security mode": run.security,
    ...(hostnameOf(job) === HOSTNAME ? {} : { "the host name": hostnameOf(job) }),
    ...mounts,
  };
  for (const [name, value] of environment) parts[`the variable ${name}`] = sha256(value);
  const sorted = Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1));
  const operation = sha256(JSON.stringify(["run", sorted]));
  const execute = (vertex: VertexProgress) => executeRun(job, state, run, sourceOf, vertex);
  return { parts, operation, execute };
}

/** What programs of a build see as the name of their machine, where nobody says another. */
const HOSTNAME = "berth-build";

const hostnameOf = ({ options }: BuildJob): string =>
  options.buildArgs.get("BUILDKIT_SANDBOX_HOSTNAME") || HOSTNAME;

function networkOf(job: BuildJob, run: Run): string {
  return run.network === "default" ? job.options.network : run.network;
}

function checkAllowed(job: BuildJob, run: Run): void {
  const { allow } = job.options;
  if (run.security === "insecure" && !allow.has("security.insecure")) {
    throw new EngineError(
      "permission-denied",
      "security.insecure is not allowed: give --allow security.insecure to the build",
    );
  }
  const asksForHost = run.network === "host" && job.options.network !== "host";
  if (asksForHost && !allow.has("network.host")) {
    throw new EngineError(
      "permission-denied",
      "network.host is not allowed: give --allow network.host to the build",
    );
  }
  const [device] = run.devices;
  if (device?.required === true) {
    throw new EngineError("permission-denied", `the device ${device.name} is not there for builds`);
  }
}

async function executeRun(
  job: BuildJob,
  state: StageState,
  run: Run,
  sourceOf: SourceOf,
  vertex: VertexProgress,
): Promise<Tree> {
  const { environment, slots } = job.services;
  return await slots.run(async () => {
    await using directory = new StepDirectory(environment.runDirectory, randomId());
    await using mounts = await prepareMounts(job, state, run, sourceOf, directory);
    using between = mountPoints(job, state.tree, mounts);
    const options = { container: true, between: between === undefined ? [] : [between.changes] };
    using workspace = environment.store.builds.begin(state.tree, options);
    const exitCode = await runCommand({ job, state, run, vertex, directory, mounts, workspace });
    if (exitCode === 0) return await workspace.commit();
    const failure = new CommandFailure(shownCommand(state, run), exitCode);
    if (job.options.keepFailed) failure.tree = job.keep(await workspace.commit());
    throw failure;
  }, job.signal);
}

interface RunParts {
  job: BuildJob;
  state: StageState;
  run: Run;
  vertex: VertexProgress;
  directory: StepDirectory;
  mounts: PreparedMounts;
  workspace: Workspace;
}

async function runCommand(parts: RunParts): Promise<number> {
  const { job, state, run, vertex, directory, mounts, workspace } = parts;
  const { runner } = job.services.environment;
  const { command } = run;
  const script = command.form === "script" ? scriptMount(directory, command) : undefined;
  const variables = [...state.scope.runEnvironment(), ...state.scope.proxies()];
  const { exitCode } = await runner.run(
    {
      id: directory.id,
      rootfs: workspace.rootfs,
      directory: directory.path,
      args: script === undefined ? commandArguments(command, state.config) : [script.destination],
      environment: [...variables.map(([name, value]) => `${name}=${value}`), ...mounts.environment],
      user: state.config.User ?? "",
      workingDirectory: state.config.WorkingDir || "/",
      mounts: script === undefined ? mounts.mounts : [...mounts.mounts, script],
      network: networkOf(job, run),
      hostname: hostnameOf(job),
      extraHosts: job.options.extraHosts,
      privileged: run.security === "insecure",
      limits: job.options.limits,
    },
    (stream, bytes) => vertex.log(stream, bytes),
    job.signal,
  );
  return exitCode;
}

/** As Docker's messages show it. */
function shownCommand(state: StageState, run: Run): string {
  const { command } = run;
  return command.form === "script"
    ? (command.content.split("\n", 1)[0] ?? "")
    : commandArguments(command, state.config).join(" ");
}

function scriptMount(
  directory: StepDirectory,
  script: { name: string; content: string },
): ResolvedMount & { destination: string } {
  const source = join(directory.path, "script");
  writeFileSync(source, script.content);
  chmodSync(source, 0o755);
  chownSync(source, 0, 0);
  return {
    type: "bind",
    source,
    destination: `${SCRIPTS}/${script.name.replaceAll("/", "_")}`,
    readOnly: true,
  };
}

/**
 * Mount points that the tree lacks, as a layer of their own below what the step writes: they are no change
 * of it.
 */
function mountPoints(job: BuildJob, tree: Tree, mounts: PreparedMounts): Workspace | undefined {
  const wanted = mounts.points.filter(({ path }) => !/^\/(?:dev|proc|sys)(?:\/|$)/.test(path));
  if (wanted.length === 0) return undefined;
  const { builds } = job.services.environment.store;
  const points = builds.begin(tree, { container: true });
  try {
    const root = openRoot(points.rootfs);
    try {
      for (const { path, directory } of wanted) {
        if (directory) ensureDirectoryInRoot(root, path);
        else ensureFileInRoot(root, path);
      }
    } finally {
      close(root);
    }
    points.unmount();
    return points;
  } catch (error) {
    points[Symbol.dispose]();
    throw error;
  }
}
