import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import { notFound } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { ImageContainers } from "../images/index.ts";

type Late<T> = () => T;

/** Containers as the image verbs see them. The context exists only after the verbs: it is asked late. */
export function imageContainers(
  context: Late<Pick<EngineContext, "containers" | "host">>,
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
      return await container.lock.run(async () => {
        if (!container.alive || container.paused) return await body();
        const cgroup = openCgroup(context().host.cgroup, container.record.cgroupPath);
        await cgroup.freeze();
        try {
          return await body();
        } finally {
          await cgroup.thaw();
        }
      });
    },
  };
}
