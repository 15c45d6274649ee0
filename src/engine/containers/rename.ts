import { EngineError, errorKind, errorMessage, invalidArgument } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { publishContainerEvent } from "./container-events.ts";

/** Gives a container another name, running or not. */
export async function renameContainer(
  context: EngineContext,
  ref: string,
  newName: string,
): Promise<void> {
  const wanted = newName.trim().replace(/^\//, "");
  if (wanted === "" || ref.trim().replace(/^\//, "") === "") {
    throw invalidArgument("Neither old nor new names may be empty");
  }
  const container = context.containers.get(ref);
  await container.lock.run(() => renameLocked(context, container, wanted));
}

function renameLocked(context: EngineContext, container: Container, wanted: string): void {
  const { record } = container;
  const oldName = record.name;
  if (oldName === wanted) {
    throw invalidArgument("Renaming a container with the same name as its current name");
  }
  record.name = reserve(context, container, wanted);
  container.save();
  context.containers.releaseName(oldName, container.id);
  context.networks.rename(container.id, record.name);
  publishContainerEvent(context, container, "rename", { oldName: `/${oldName}` });
}

function reserve(context: EngineContext, container: Container, wanted: string): string {
  try {
    return context.containers.reserveName(wanted, container.id);
  } catch (error) {
    throw new EngineError(
      errorKind(error),
      `Error when allocating new name: ${errorMessage(error)}`,
      { cause: error },
    );
  }
}
