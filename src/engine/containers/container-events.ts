import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";

/** Tells an event of a container, with its labels, image and name as Docker does. */
export function publishContainerEvent(
  context: Pick<EngineContext, "events">,
  container: Container,
  action: string,
  attributes: Record<string, string> = {},
): void {
  const { config, name } = container.record;
  context.events.publish({
    type: "container",
    action,
    id: container.id,
    attributes: { ...config.Labels, ...attributes, image: config.Image, name },
  });
}
