import { existsSync, watch } from "node:fs";

/**
 * Waits until `done()` holds, asked again at each change of a cgroup v2 events file: the kernel sends
 * inotify's IN_MODIFY for them (cgroup-v2, "[Un]populated Notification"). False after `timeoutMs`.
 */
export async function waitForEvent(
  file: string,
  done: () => boolean,
  timeoutMs: number,
): Promise<boolean> {
  if (done()) return true;
  if (!existsSync(file)) return done();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const watcher = watch(file, () => {
    if (done()) resolve(true);
  });
  watcher.on("error", () => resolve(done()));
  const timer = setTimeout(() => resolve(done()), timeoutMs);
  try {
    // A change between the first look and the watch would be missed.
    if (done()) return true;
    return await promise;
  } finally {
    clearTimeout(timer);
    watcher.close();
  }
}
