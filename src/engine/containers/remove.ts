import {
  type ContainerRemoveOptions,
  conflict,
  EngineError,
  errorKind,
  errorMessage,
} from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import { isPlugin } from "../volumes/plugins/plugin-verbs.ts";
import type { Container } from "./container.ts";
import { publishContainerEvent } from "./container-events.ts";
import { killAndWait } from "./kill.ts";
import { tearDown } from "./tear-down.ts";

/** Removes a container with everything that is only its own. */
export async function removeContainer(
  context: EngineContext,
  ref: string,
  options: ContainerRemoveOptions,
): Promise<void> {
  const container = context.containers.get(ref);
  if (options.link) {
    throw conflict("Conflict, cannot remove the default link name of the container");
  }
  if (container.removalUnderWay) {
    throw conflict(`removal of container ${ref} is already in progress`);
  }
  if (container.running && !options.force) throw stillRunning(container);
  container.removalUnderWay = true;
  try {
    await endForRemoval(context, container);
    await container.lock.run(() => removeLocked(context, container, options));
  } catch (error) {
    throw new EngineError(
      "internal",
      `cannot remove container "/${container.name}": ${errorMessage(error)}`,
      { cause: error },
    );
  } finally {
    container.removalUnderWay = false;
  }
}

/** The removal itself, of a container that does not run and whose lock is held. Idempotent. */
export async function removeLocked(
  context: EngineContext,
  container: Container,
  options: { volumes: boolean },
): Promise<void> {
  if (container.removed) return;
  const { record } = container;
  const volumes = options.volumes ? anonymousVolumes(container) : [];
  if (volumes.length > 0) {
    // Once the directory is gone nothing else tells that the volumes were to go too.
    record.pending = { removing: { volumes: true } };
  }
  if (record.state.status !== "removing") {
    record.state.status = "removing";
    if (volumes.length > 0) container.save();
  }
  context.store.snapshots.removeContainer(container.id);
  for (const name of volumes) await removeVolume(context, container, name);
  context.containers.delete(container);
  forgetExecs(context, container);
  publishContainerEvent(context, container, "destroy");
  // Those who wait for the removal have got what they wanted, whatever became of the last start.
  record.state.error = "";
  container.notifyRemoved();
}

/** A record whose removal was cut short by the daemon's death, or that never ran. */
export async function finishRemoval(context: EngineContext, container: Container): Promise<void> {
  const { pending } = container.record;
  const volumes =
    typeof pending === "object" ? pending.removing.volumes : container.record.hostConfig.AutoRemove;
  await tearDown(context, container);
  await removeLocked(context, container, { volumes: volumes || pending === "creating" });
}

async function endForRemoval(context: EngineContext, container: Container): Promise<void> {
  if (!container.running) return;
  try {
    await killAndWait(context, container);
  } catch (error) {
    // It ended by itself just now.
    if (container.running) throw new Error(`could not kill container: ${errorMessage(error)}`);
  }
}

function stillRunning(container: Container): EngineError {
  const why = container.paused
    ? "container is paused and must be unpaused first"
    : `container is ${container.record.state.status}: stop the container before removing or force remove`;
  return conflict(`cannot remove container "/${container.name}": ${why}`);
}

function anonymousVolumes(container: Container): string[] {
  return container.record.mounts.flatMap((mount) =>
    mount.type === "volume" && mount.anonymous && mount.name !== undefined ? [mount.name] : [],
  );
}

/** A volume without a name goes for good, unless somebody else uses it, reads it or has locked it. */
async function removeVolume(
  context: EngineContext,
  container: Container,
  name: string,
): Promise<void> {
  const { containers, store, events, log, volumePlugins } = context;
  const others = containers.usersOfVolume(name).filter((user) => user !== container);
  if (others.length > 0 || !store.volumes.has(name)) return;
  store.volumes.release(name, container.id);
  const { driver } = store.volumes.get(name);
  try {
    if (isPlugin(driver)) await volumePlugins.remove(driver, name);
    store.volumes.remove(name);
  } catch (error) {
    if (errorKind(error) !== "conflict" && !isPlugin(driver)) throw error;
    log.warn("A volume outlives its container", { volume: name, error: errorMessage(error) });
    return;
  }
  events.publish({
    type: "volume",
    action: "destroy",
    id: name,
    attributes: { driver },
  });
}

function forgetExecs(context: EngineContext, container: Container): void {
  for (const id of container.execs.keys()) {
    context.execs.delete(id);
    context.execRecords.delete(id);
  }
  container.execs.clear();
}
