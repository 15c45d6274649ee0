import { notFound } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { ImageContainers } from "../images/index.ts";
import { pauseContainers } from "../volumes/pause-writers.ts";
import { publishContainerEvent } from "./container-events.ts";

type Late<T> = () => T;

/** Containers as the image verbs see them. The context exists only after the verbs: it is asked late. */
export function imageContainers(
  context: Late<Pick<EngineContext, "containers" | "host" | "store" | "log" | "events">>,
): ImageContainers {
  return {
    usersOf: (imageId) =>
      context()
        .containers.usersOfImage(imageId)
        .map((container) => ({
          id: container.id,
          name: container.name,
          running: container.running,
        })),
    commitSource(ref) {
      const { record } = context().containers.get(ref);
      if (record.imageId === "") throw notFound(`No such image: ${record.config.Image}`);
      return {
        id: record.id,
        imageId: record.imageId,
        name: record.name,
        config: { ...record.config },
      };
    },
    async whilePaused(id, body) {
      const container = context().containers.get(id);
      const paused = await pauseContainers(context(), [container]);
      const tells = container.alive && !container.paused;
      if (tells) publishContainerEvent(context(), container, "pause");
      try {
        return await body();
      } finally {
        await paused.resume();
        if (tells) publishContainerEvent(context(), container, "unpause");
      }
    },
  };
}
