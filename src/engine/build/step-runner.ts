import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StepRequest, StepRunner } from "../../build/index.ts";
import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import type { Join } from "../../network/index.ts";
import {
  cgroupNames,
  classifyStartFailure,
  createRuntimeSpec,
  encodeRuntimeSpec,
  type ResolvedMount,
} from "../../runtime/index.ts";
import {
  type ContainerConfig,
  EngineError,
  errorMessage,
  FrameDecoder,
  type HostConfig,
  StreamNumber,
} from "../../spec/index.ts";
import { type ProcessExit, processPaths, RuntimeStartError } from "../../supervisor/index.ts";
import { completeCreateRequest } from "../containers/complete-create-request.ts";
import { hostsFile } from "../containers/container-files.ts";
import { resolvConf, upstreamSettings } from "../containers/resolver-file.ts";
import { forgetProcess } from "../containers/store-end.ts";
import type { EngineContext } from "../context.ts";

type Output = Parameters<StepRunner["run"]>[1];

/** Runs commands of builds: containers without record, name, log, volumes or restart. */
export function createStepRunner(context: EngineContext): StepRunner {
  return { run: (request, output, signal) => runStep(context, request, output, signal) };
}

async function runStep(
  context: EngineContext,
  request: StepRequest,
  output: Output,
  signal: AbortSignal,
): Promise<{ exitCode: number }> {
  signal.throwIfAborted();
  const { promise: ended, resolve: end } = Promise.withResolvers<ProcessExit>();
  context.steps.set(request.id, end);
  try {
    const join = await joinNetwork(context, request);
    const argv = prepare(context, request, join);
    const stream = await context.supervisor.attach(request.id, {
      stdin: false,
      stdout: true,
      stderr: true,
    });
    const read = pump(stream, output);
    read.catch(() => undefined);
    const { pid } = await start(context, request, argv);
    const kill = (): void => killProcess(pid);
    signal.addEventListener("abort", kill, { once: true });
    if (signal.aborted) kill();
    try {
      const { exitCode } = await ended;
      await read;
      signal.throwIfAborted();
      return { exitCode };
    } finally {
      signal.removeEventListener("abort", kill);
    }
  } finally {
    context.steps.delete(request.id);
    await cleanUp(context, request);
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

async function start(
  context: EngineContext,
  request: StepRequest,
  argv: string[],
): Promise<{ pid: number }> {
  try {
    return await context.supervisor.start({
      id: request.id,
      argv,
      tty: false,
      openStdin: false,
      stdinOnce: false,
    });
  } catch (error) {
    if (!(error instanceof RuntimeStartError)) throw error;
    const log = error.runtimeLog === "" ? error.stderr : error.runtimeLog;
    const { kind, message } = classifyStartFailure(log, request.args[0] ?? "");
    throw new EngineError(kind, message, { cause: error });
  }
}

/** Waits while the listener does, so that a program cannot fill the memory with what it writes. */
async function pump(stream: AsyncIterable<Uint8Array>, output: Output): Promise<void> {
  const frames = new FrameDecoder();
  for await (const chunk of stream) {
    for (const { stream: number, content } of frames.push(chunk)) {
      await output(number === StreamNumber.stderr ? "stderr" : "stdout", content);
    }
  }
}

async function joinNetwork(context: EngineContext, request: StepRequest): Promise<Join> {
  const described = describe(context, request);
  return await context.networks.join({
    containerId: request.id,
    name: `build-${request.id.slice(0, 12)}`,
    hostname: request.hostname,
    networkMode: request.network,
    endpoints: {},
    portBindings: {},
    publishAll: false,
    exposedPorts: [],
    upstream: upstreamSettings(context, described),
  });
}

function prepare(context: EngineContext, request: StepRequest, joined: Join): string[] {
  const described = describe(context, request);
  const { config, hostConfig } = described.record;
  const files = containerFiles(context, request, described, joined);
  const network =
    joined.namespacePath === undefined
      ? request.network === "host"
        ? "host"
        : "new"
      : { path: joined.namespacePath };
  const spec = createRuntimeSpec({
    id: request.id,
    config,
    hostConfig,
    rootfs: request.rootfs,
    mounts: [...files, ...request.mounts],
    namespaces: { network },
    host: context.host,
    defaultUlimits: context.config.defaultUlimits,
    takesBpf: context.runtime.takesBpf,
    ...(context.seccomp === undefined ? {} : { seccomp: context.seccomp }),
    warn: (text) => context.log.debug(text, { step: request.id }),
  });
  const bundle = join(request.directory, "bundle");
  mkdirSync(bundle, { mode: 0o700 });
  writeFileSync(join(bundle, "config.json"), encodeRuntimeSpec(spec), { mode: 0o600 });
  const { pidFile, runtimeLog } = processPaths(context.execRoot, request.id);
  return context.runtime.runCommand({ id: request.id, bundle, pidFile, log: runtimeLog });
}

/** `/etc/hosts` and `/etc/resolv.conf`, in the step's own memory. */
function containerFiles(
  context: EngineContext,
  request: StepRequest,
  described: ReturnType<typeof describe>,
  { settings }: Join,
): ResolvedMount[] {
  const texts = {
    hosts: hostsFile(context, described, settings),
    hostname: `${request.hostname}\n`,
    "resolv.conf": resolvConf(context, described, settings),
  };
  return Object.entries(texts).map(([name, text]) => {
    const source = join(request.directory, name);
    writeFileSync(source, text, { mode: 0o644 });
    return { type: "bind", source, destination: `/etc/${name}`, readOnly: true };
  });
}

function describe(
  context: EngineContext,
  request: StepRequest,
): { record: { config: ContainerConfig; hostConfig: HostConfig } } {
  const { limits } = request;
  const [path = "", ...args] = request.args;
  const { config, hostConfig } = completeCreateRequest(
    {
      Hostname: request.hostname,
      User: request.user,
      Env: [...request.environment],
      Entrypoint: [path],
      Cmd: args,
      WorkingDir: request.workingDirectory,
      HostConfig: {
        NetworkMode: request.network,
        ExtraHosts: [...request.extraHosts],
        Privileged: request.privileged,
        Memory: limits.memory ?? 0,
        MemorySwap: limits.memorySwap ?? 0,
        CpuShares: limits.cpuShares ?? 0,
        CpuQuota: limits.cpuQuota ?? 0,
        CpuPeriod: limits.cpuPeriod ?? 0,
        CpusetCpus: limits.cpusetCpus ?? "",
        CpusetMems: limits.cpusetMems ?? "",
        CgroupParent: limits.cgroupParent || context.config.cgroupParent,
        ShmSize: limits.shmSize || context.config.defaultShmSize,
        Ulimits: (limits.ulimits ?? []).map(({ name, soft, hard }) => ({
          Name: name,
          Soft: soft,
          Hard: hard,
        })),
      },
    },
    context.host,
  );
  return { record: { config, hostConfig } };
}

/** Takes away what a step has on the host; each part on its own, and idempotent. */
async function cleanUp(context: EngineContext, request: StepRequest): Promise<void> {
  const parts: [string, () => unknown][] = [
    ["leave the networks", () => context.networks.leave(request.id)],
    ["remove the cgroup", () => removeStepCgroup(context, request.id, request.limits.cgroupParent)],
    ["remove the runtime state", () => context.runtime.deleteState(request.id)],
    ["forget the process", () => forgetProcess(context, request.id)],
  ];
  await Promise.all(
    parts.map(async ([what, part]) => {
      try {
        await part();
      } catch (error) {
        context.log.warn(`Cannot ${what} of a build's step`, {
          step: request.id,
          error: errorMessage(error),
        });
      }
    }),
  );
}

/** What still runs in it is killed. */
export async function removeStepCgroup(
  context: Pick<EngineContext, "host" | "config">,
  id: string,
  parent: string | undefined,
): Promise<void> {
  const { path } = cgroupNames(context.host, id, parent || context.config.cgroupParent);
  await openCgroup(context.host.cgroup, path).remove();
}
