import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { mountTmpfs, unmount } from "../../linux/mount.ts";
import type { RuntimeSpecRequest } from "../../runtime/index.ts";
import { conflict, EngineError } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";

type Shared = Pick<RuntimeSpecRequest["namespaces"], "ipc" | "pid"> & { shmPath?: string };

/** Namespaces and shared memory that a container takes from another one, or holds ready for others. */
export function shareNamespaces(
  context: Pick<EngineContext, "containers" | "execRoot" | "config">,
  container: Container,
): Shared {
  const { IpcMode, PidMode, ShmSize } = container.record.hostConfig;
  const shared: Shared = {};
  const pidOwner = ownerOf(PidMode);
  if (pidOwner !== undefined) {
    const owner = runningOwner(context, pidOwner, "PID namespace");
    shared.pid = `/proc/${owner.record.state.pid}/ns/pid`;
  }
  const ipcOwner = ownerOf(IpcMode);
  if (ipcOwner !== undefined) {
    const owner = runningOwner(context, ipcOwner, "IPC");
    if (owner.record.hostConfig.IpcMode !== "shareable") {
      throw conflict(
        `cannot join IPC of container ${owner.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
      );
    }
    shared.ipc = `/proc/${owner.record.state.pid}/ns/ipc`;
    shared.shmPath = shmDirectory(context.execRoot, owner.id);
  }
  if (IpcMode === "shareable") {
    shared.shmPath = shmDirectory(context.execRoot, container.id);
    mkdirSync(shared.shmPath, { recursive: true });
    unmount(shared.shmPath, { detach: true });
    mountTmpfs(shared.shmPath, `mode=1777,size=${ShmSize || context.config.defaultShmSize}`);
  }
  return shared;
}

/** Takes away the shared memory that `shareNamespaces` made. Idempotent. */
export function unshareMemory(execRoot: string, container: Container): void {
  if (container.record.hostConfig.IpcMode !== "shareable") return;
  const directory = shmDirectory(execRoot, container.id);
  unmount(directory, { detach: true });
  rmSync(directory, { recursive: true, force: true });
}

/** The container behind `container:<ref>`. */
export function ownerOf(mode: string): string | undefined {
  return mode.startsWith("container:") ? mode.slice("container:".length) : undefined;
}

/** The container whose namespace is to be joined; it must run. */
export function runningOwner(
  context: Pick<EngineContext, "containers">,
  ref: string,
  what: string,
): Container {
  const owner = context.containers.get(ref);
  if (!owner.alive) {
    throw conflict(`cannot join ${what} of a non running container: ${owner.id}`);
  }
  if (owner.record.state.status === "restarting") {
    throw new EngineError("conflict", restartingMessage(owner.id));
  }
  return owner;
}

export function restartingMessage(id: string): string {
  return `Container ${id} is restarting, wait until the container is running`;
}

function shmDirectory(execRoot: string, id: string): string {
  return join(execRoot, "shm", id);
}
