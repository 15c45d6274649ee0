import { readlinkSync } from "node:fs";
import type { EngineClient } from "../../client/index.ts";
import { EngineError, type LocalCopyRequest } from "../../spec/index.ts";

/** Root, on the host of the daemon: whatever is copied need not pass through here. */
export const mayCopyLocally = ({ host }: EngineClient): boolean =>
  host.startsWith("unix://") && process.getuid?.() === 0;

/**
 * Lets the daemon copy by itself; the bytes of the files. Undefined where it is none of Berth's, or sees other files than we do: then
 * it has to be done with an archive.
 */
export async function copyLocally(
  client: EngineClient,
  container: string,
  request: Omit<LocalCopyRequest, "mountNamespace">,
): Promise<number | undefined> {
  if (!mayCopyLocally(client)) return undefined;
  const mountNamespace = readlinkSync("/proc/self/ns/mnt");
  try {
    return (await client.containers.copyLocally(container, { ...request, mountNamespace })).Bytes;
  } catch (error) {
    if (isElsewhere(error)) return undefined;
    throw error;
  }
}

/** No route of that name, or another mount namespace. */
const isElsewhere = (error: unknown): boolean =>
  error instanceof EngineError &&
  (/page not found/.test(error.message) || /another mount namespace/.test(error.message));
