import type { EngineContext } from "../../context.ts";
import { runProbe } from "../../exec/run-probe.ts";
import type { Container } from "../container.ts";
import { publishContainerEvent } from "../container-events.ts";
import { HealthMonitor, probeCommand } from "./health-monitor.ts";

/** Label or annotation that has the engine restart a container that becomes unhealthy. */
export const RESTART_UNHEALTHY = "berth.restart-unhealthy";

/** Begins to probe a running container that has a health check; its record's health is kept up to date. */
export function startHealthMonitor(context: EngineContext, container: Container): void {
  const { record } = container;
  container.health?.stop();
  container.health = undefined;
  const config = record.config.Healthcheck;
  const command = probeCommand(config, record.config.Shell);
  if (config === undefined || command === undefined) return;
  const health = record.state.health ?? { Status: "starting", FailingStreak: 0, Log: [] };
  record.state.health = health;
  container.health = new HealthMonitor(
    {
      config,
      health,
      clock: context.clock,
      startedAt: Date.parse(record.state.startedAt),
      probe: (args, signal) => runProbe(context, container, args, signal),
      onChange: () => {
        container.save();
        publishContainerEvent(context, container, `health_status: ${health.Status}`);
        context.networks.setHealth(container.id, health.Status !== "unhealthy");
        if (health.Status === "healthy") container.notifyHealthy();
        if (health.Status === "unhealthy" && restartsUnhealthy(container)) {
          context.onUnhealthy(container);
        }
      },
    },
    command,
  );
  container.health.start();
}

function restartsUnhealthy(container: Container): boolean {
  const { config, hostConfig } = container.record;
  const choice = hostConfig.Annotations?.[RESTART_UNHEALTHY] ?? config.Labels[RESTART_UNHEALTHY];
  return choice === "true" || choice === "1";
}
