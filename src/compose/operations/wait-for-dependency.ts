import type { ContainerInspect } from "../../spec/index.ts";
import type { Dependency } from "../file/project.ts";
import type { ContainerWatch } from "../state/container-watch.ts";

/** Why a container will never be what somebody waits for. */
export class DependencyFailed extends Error {}

export type Wanted = Dependency["condition"] | "running_or_healthy";

/**
 * Waits until a container is as `condition` says. Rejects with DependencyFailed as soon as it cannot be:
 * it has ended, is unhealthy, or has no health check.
 */
export function waitForCondition(
  watch: ContainerWatch,
  id: string,
  condition: Wanted,
): Promise<"done"> {
  return watch.until(id, (container) => JUDGES[condition](container));
}

type Judge = (container: ContainerInspect) => "done" | undefined;

const name = ({ Name }: ContainerInspect): string => Name.slice(1);

const ended = (container: ContainerInspect): boolean =>
  ["exited", "dead", "removing"].includes(container.State.Status);

const hasHealthcheck = ({ Config, State }: ContainerInspect): boolean =>
  State.Health !== undefined && Config.Healthcheck?.Test?.[0] !== "NONE";

const healthy: Judge = (container) => {
  const { State } = container;
  if (ended(container)) {
    throw new DependencyFailed(`container ${name(container)} exited (${State.ExitCode})`);
  }
  if (!State.Running) return undefined;
  if (!hasHealthcheck(container)) {
    throw new DependencyFailed(`container ${name(container)} has no healthcheck configured`);
  }
  if (State.Health?.Status === "unhealthy") {
    throw new DependencyFailed(`container ${name(container)} is unhealthy`);
  }
  return State.Health?.Status === "healthy" ? "done" : undefined;
};

const JUDGES: Record<Wanted, Judge> = {
  service_started: ({ State }) =>
    State.Running || State.StartedAt > "0001-01-02" ? "done" : undefined,
  service_healthy: healthy,
  service_completed_successfully: (container) => {
    const { State } = container;
    if (!ended(container)) return undefined;
    if (State.ExitCode === 0) return "done";
    const service = container.Config.Labels["com.docker.compose.service"] ?? name(container);
    throw new DependencyFailed(
      `service "${service}" didn't complete successfully: exit ${State.ExitCode}`,
    );
  },
  /** What `--wait` wants: healthy if it can be, else running; a job that ended with 0 is done. */
  running_or_healthy: (container) => {
    const { State } = container;
    if (ended(container) && State.ExitCode === 0) return "done";
    if (ended(container)) {
      throw new DependencyFailed(`container ${name(container)} exited (${State.ExitCode})`);
    }
    return hasHealthcheck(container) ? healthy(container) : State.Running ? "done" : undefined;
  },
};
