import { rmSync } from "node:fs";
import { join } from "node:path";
import { openCgroup } from "../../linux/cgroup/cgroup.ts";
import type { OciRuntime } from "../../runtime/index.ts";
import { errorMessage } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { unmountPluginVolumes } from "../volumes/plugins/plugin-verbs.ts";
import type { Container } from "./container.ts";
import { unmountPlaces } from "./mounts/held-places.ts";
import { unshareMemory } from "./namespaces.ts";

export function bundleDirectory(execRoot: string, id: string): string {
  return join(execRoot, "bundles", id);
}

/** The runtime that a container asked for; the default where that one is gone. */
export function runtimeOf(
  context: Pick<EngineContext, "runtime" | "runtimes">,
  container: Container,
): OciRuntime {
  return context.runtimes.get(container.record.hostConfig.Runtime) ?? context.runtime;
}

/**
 * Takes away everything that a run of a container has on the host: what its cgroup still holds, the
 * runtime's state, its network, its mounts, its bundle. Each step is idempotent and independent, so that
 * it also undoes a start that failed half-way; what fails is told to the log and does not stop the rest.
 */
export async function tearDown(context: EngineContext, container: Container): Promise<void> {
  const { record } = container;
  const attempt = async (what: string, step: () => unknown) => {
    try {
      await step();
    } catch (error) {
      context.log.warn(`Cannot ${what} of a container that has ended`, {
        container: container.id,
        error: errorMessage(error),
      });
    }
  };
  container.stopOomWatch?.();
  container.stopOomWatch = undefined;
  await Promise.all([
    attempt("leave the networks", () => context.networks.leave(container.id)),
    attempt("remove the cgroup", async () => {
      if (record.cgroupPath !== "")
        await openCgroup(context.host.cgroup, record.cgroupPath).remove();
    }),
    attempt("remove the runtime state", () =>
      runtimeOf(context, container).deleteState(container.id),
    ),
    attempt("remove the bundle", () => {
      const bundle = bundleDirectory(context.execRoot, container.id);
      unmountPlaces(bundle);
      rmSync(bundle, { recursive: true, force: true });
    }),
  ]);
  // Only now, when nothing of the container runs any more, is the overlay really given back.
  await attempt("unmount the file system", () => context.store.snapshots.unmount(container.id));
  await attempt("unmount the shared memory", () => unshareMemory(context.execRoot, container));
  await attempt("release the volumes", () => releaseVolumes(context, container));
  await attempt("unmount the plugins' volumes", () => unmountPluginVolumes(context, record));
}

function releaseVolumes(context: EngineContext, container: Container): void {
  for (const mount of container.record.mounts) {
    if (mount.type !== "volume" || mount.name === undefined) continue;
    context.store.volumes.release(mount.name, container.id);
    context.events.publish({
      type: "volume",
      action: "unmount",
      id: mount.name,
      attributes: { driver: mount.driver ?? "local", container: container.id },
    });
  }
}
