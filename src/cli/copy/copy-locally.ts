import { readFileSync, readlinkSync, statSync } from "node:fs";
import type { EngineClient } from "../../client/index.ts";
import { EngineError, type LocalCopyRequest } from "../../spec/index.ts";

/** Root, on the host of the daemon: whatever is copied need not pass through here. */
export const mayCopyLocally = ({ host }: EngineClient): boolean =>
  host.startsWith("unix://") && process.getuid?.() === 0;

/**
 * Lets the daemon copy by itself. `onProgress` gets the bytes of the files so far, and in the end of all. False where the
 * daemon is none of Berth's, or sees other files than we do: then it has to be done with an archive.
 */
export async function copyLocally(
  client: EngineClient,
  container: string,
  request: Omit<LocalCopyRequest, "fileView">,
  onProgress: (bytes: number) => Promise<void>,
): Promise<boolean> {
  if (!mayCopyLocally(client)) return false;
  const fileView = ownFileView();
  try {
    const reports = await client.containers.copyLocally(container, { ...request, fileView });
    for await (const { Bytes } of reports) await onProgress(Bytes);
    return true;
  } catch (error) {
    if (isElsewhere(error)) return false;
    throw error;
  }
}

/** No route of that name, or other files. */
const isElsewhere = (error: unknown): boolean =>
  error instanceof EngineError &&
  (/page not found/.test(error.message) || /the files of another/.test(error.message));

/** A socket may be another machine's, and a mount namespace has the same number there. */
function ownFileView(): string {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  const { dev, ino } = statSync("/");
  return `${boot} ${readlinkSync("/proc/self/ns/mnt")} ${dev}:${ino}`;
}
