import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { unmount } from "../../linux/mount.ts";
import type { BuildContext } from "./build-context.ts";
import { classicBuild } from "./classic-build.ts";
import { listCache, pruneCache } from "./prune-cache.ts";
import { removeStepCgroup } from "./step-runner.ts";

/** What routers call for builds. */
export function buildVerbs(context: BuildContext) {
  return {
    classic: (
      ...args: Parameters<typeof classicBuild> extends [unknown, ...infer Rest] ? Rest : never
    ) => classicBuild(context, ...args),
    cache: () => listCache(context),
    prune: (options: Parameters<typeof pruneCache>[1]) => pruneCache(context, options),
  };
}

/** Takes away what builds have left that ended with an earlier daemon. */
export async function recoverBuilds(context: BuildContext): Promise<void> {
  const { services, engine, history } = context;
  history.recover();
  await services.files.sweep();
  const { builds } = services.environment.store;
  for (const name of ["contexts", "checkouts"]) {
    const place = builds.directory(name);
    for (const entry of readdirSync(place)) builds.discard(join(place, entry));
  }
  const { runDirectory } = services.environment;
  if (!existsSync(runDirectory)) return;
  for (const id of readdirSync(runDirectory)) {
    await removeStepCgroup(engine, id, undefined);
    await engine.runtime.deleteState(id);
    const place = join(runDirectory, id);
    unmount(place, { detach: true });
    rmdirSync(place);
  }
}
