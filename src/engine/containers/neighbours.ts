import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import { notFound } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { ImageContainers } from "../images/index.ts";
import type { NetworkContainers } from "../networks/index.ts";

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

/** Containers as the network verbs see them. */
export function networkContainers(
  context: Late<Pick<EngineContext, "containers" | "networks">>,
): NetworkContainers {
  return {
    find(ref) {
      const { record, alive } = context().containers.get(ref);
      return {
        id: record.id,
        name: record.name,
        running: alive,
        networkMode: record.hostConfig.NetworkMode,
        endpoints: record.endpoints,
      };
    },
    putEndpoint(id, network, endpoint) {
      const container = context().containers.get(id);
      const { record } = container;
      if (endpoint === null) delete record.endpoints[network];
      else record.endpoints[network] = endpoint;
      if (container.alive) record.network = context().networks.settings(id) ?? record.network;
      container.save();
    },
  };
}
