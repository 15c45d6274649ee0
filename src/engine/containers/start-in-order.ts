import type { EventMessage } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { scheduleRestart } from "./exit.ts";

/** As Compose labels its containers: `db:service_healthy:false,cache:service_started:true`. */
const NEEDS = "com.docker.compose.depends_on";
const PROJECT = "com.docker.compose.project";
const SERVICE = "com.docker.compose.service";

/** What is not ready by then holds up nobody any longer. */
const LONGEST_WAIT_MS = 60_000;

interface Need {
  container: Container;
  healthy: boolean;
}

/**
 * Starts what a start of the daemon brings back: containers of a Compose project after those that they
 * depend on, all others at once. Returns at once; nothing waits for what is not brought back too.
 */
export function startInOrder(context: EngineContext, wanted: readonly Container[]): void {
  const waiting = new Map<Container, Need[]>();
  for (const container of wanted) {
    container.record.state.status = "restarting";
    const needs = needsOf(container, wanted);
    if (needs.length > 0) waiting.set(container, needs);
    scheduleRestart(context, container, needs.length > 0 ? LONGEST_WAIT_MS : 0);
  }
  if (waiting.size > 0) void follow(context, waiting);
}

/** Starts each as soon as nothing that it needs is missing; ends when none waits. */
async function follow(context: EngineContext, waiting: Map<Container, Need[]>): Promise<void> {
  const abort = new AbortController();
  const filters = { type: ["container"] };
  const events: AsyncIterable<EventMessage> = context.events.subscribe({ filters }, abort.signal);
  const cancel = context.clock.after(LONGEST_WAIT_MS, () => abort.abort());
  try {
    for await (const _ of events) {
      for (const [container, needs] of waiting) {
        const { status } = container.record.state;
        if (status === "restarting" && container.cancelRestart !== undefined) {
          if (!needs.every(isMet)) continue;
          scheduleRestart(context, container, 0);
        }
        waiting.delete(container);
      }
      if (waiting.size === 0) break;
    }
  } finally {
    cancel();
    abort.abort();
  }
}

function needsOf({ record }: Container, wanted: readonly Container[]): Need[] {
  const { Labels } = record.config;
  return (Labels?.[NEEDS] ?? "").split(",").flatMap((entry) => {
    const [service, condition] = entry.split(":");
    if (!service || condition === "service_completed_successfully") return [];
    return wanted
      .filter(({ record: { config } }) => config.Labels?.[SERVICE] === service)
      .filter(({ record: { config } }) => config.Labels?.[PROJECT] === Labels?.[PROJECT])
      .map((container) => ({ container, healthy: condition === "service_healthy" }));
  });
}

function isMet({ container, healthy }: Need): boolean {
  const { status, health } = container.record.state;
  // It does not come back: there is nothing to wait for.
  if (container.removed || (status !== "restarting" && status !== "running")) return true;
  return status === "running" && (!healthy || health === undefined || health.Status === "healthy");
}
