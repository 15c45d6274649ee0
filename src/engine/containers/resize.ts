import type { ConsoleSize } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { publishContainerEvent } from "./container-events.ts";
import { notRunning } from "./kill.ts";

/** Sets the size of a running container's terminal. */
export async function resizeContainer(
  context: EngineContext,
  ref: string,
  size: ConsoleSize,
): Promise<void> {
  const container = context.containers.get(ref);
  if (!container.alive) throw notRunning(container.id);
  await context.supervisor.resize(container.id, size.rows, size.columns);
  publishContainerEvent(context, container, "resize", {
    height: String(size.rows),
    width: String(size.columns),
  });
}
