import { cleanPath, type HealthConfig, type ImageRunConfig } from "../../spec/index.ts";
import type {
  CommandLine,
  ExpandedInstruction,
  HealthcheckInstruction,
} from "../dockerfile/index.ts";
import { fromWorkingDirectory, type StageState, shellOf } from "./stage-state.ts";

/** Instructions that change the configuration alone. */
export type ConfigInstruction = Exclude<
  ExpandedInstruction,
  { kind: "RUN" | "COPY" | "ADD" | "WORKDIR" }
>;

export const isConfigInstruction = (
  instruction: ExpandedInstruction,
): instruction is ConfigInstruction => !/^(?:RUN|COPY|ADD|WORKDIR)$/.test(instruction.kind);

/** Lays an instruction over a stage's configuration; the history is the caller's. */
export function applyConfig(state: StageState, instruction: ConfigInstruction): void {
  const { config } = state;
  switch (instruction.kind) {
    case "ENV":
      state.scope.apply(instruction);
      config.Env = [...state.scope.environment()];
      break;
    case "ARG":
      state.scope.apply(instruction);
      break;
    case "LABEL":
      config.Labels = { ...config.Labels };
      for (const { name, value } of instruction.pairs) config.Labels[name] = value;
      break;
    case "CMD":
      config.Cmd = commandArguments(instruction.command, config);
      state.cmdSet = true;
      break;
    case "ENTRYPOINT":
      config.Entrypoint = commandArguments(instruction.command, config);
      if (!state.cmdSet) config.Cmd = null;
      break;
    case "HEALTHCHECK":
      config.Healthcheck = healthConfig(instruction);
      break;
    case "EXPOSE":
      config.ExposedPorts = { ...config.ExposedPorts, ...setOf(instruction.ports) };
      break;
    case "VOLUME":
      config.Volumes = { ...config.Volumes, ...setOf(instruction.paths) };
      break;
    case "USER":
      config.User = instruction.user;
      break;
    case "STOPSIGNAL":
      config.StopSignal = instruction.signal;
      break;
    case "SHELL":
      config.Shell = [...instruction.shell];
      break;
    case "ONBUILD":
      config.OnBuild = [...(config.OnBuild ?? []), instruction.expression];
      break;
    case "MAINTAINER":
      state.author = instruction.maintainer;
      break;
  }
}

/** `WORKDIR`'s path, absolute. */
export const workingDirectory = (config: ImageRunConfig, path: string): string =>
  cleanPath(fromWorkingDirectory(config, path));

export function commandArguments(command: CommandLine, config: ImageRunConfig): string[] {
  if (command.form === "exec") return [...command.args];
  if (command.form === "shell") return [...shellOf(config), command.script];
  return [...shellOf(config), command.content];
}

function healthConfig({ check }: HealthcheckInstruction): HealthConfig {
  if (check === "none") return { Test: ["NONE"] };
  const { command, interval, timeout, startPeriod, startInterval, retries } = check;
  const test =
    command.form === "exec"
      ? ["CMD", ...command.args]
      : ["CMD-SHELL", command.form === "shell" ? command.script : command.content];
  return {
    Test: test,
    ...(interval === undefined ? {} : { Interval: interval }),
    ...(timeout === undefined ? {} : { Timeout: timeout }),
    ...(startPeriod === undefined ? {} : { StartPeriod: startPeriod }),
    ...(startInterval === undefined ? {} : { StartInterval: startInterval }),
    ...(retries === undefined ? {} : { Retries: retries }),
  };
}

function setOf(names: readonly string[]): Record<string, Record<string, never>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
