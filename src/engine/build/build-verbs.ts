import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { unmount } from "../../linux/mount.ts";
import { type BuildContextEntry, conflict, notFound } from "../../spec/index.ts";
import { berthBuild } from "./berth-build.ts";
import type { BuildContext } from "./build-context.ts";
import { classicBuild } from "./classic-build.ts";
import { removeFailedImages } from "./failed-images.ts";
import { listCache, pruneCache } from "./prune-cache.ts";
import type { RunningBuild } from "./running-build.ts";
import { removeStepCgroup } from "./step-runner.ts";

/** What routers call for builds. */
export function buildVerbs(context: BuildContext) {
  const { uploads, history } = context;
  return {
    classic: bind(context, classicBuild),
    build: bind(context, berthBuild),
    openContext: (entries: AsyncIterable<BuildContextEntry>) => uploads.begin(entries),
    receiveFiles: (id: string, body: AsyncIterable<Uint8Array>) => uploads.receive(id, body),
    receiveTar: (body: AsyncIterable<Uint8Array>, signal: AbortSignal) =>
      uploads.receiveTar(body, signal),
    agent: (id: string, channel: number) => {
      const run = running(context, id).channels.get(channel);
      if (run === undefined) throw notFound(`the build ${id} does not ask for channel ${channel}`);
      return run;
    },
    output: (id: string, index: number) => {
      const take = running(context, id).outputs.get(index);
      if (take === undefined) throw notFound(`the build ${id} does not offer output ${index}`);
      return take();
    },
    list: async () => history.list(),
    inspect: async (id: string) => history.get(id),
    log: (id: string, { follow }: { follow: boolean }, signal: AbortSignal) =>
      history.log(id, follow, signal),
    remove: async (id: string) => {
      const record = history.get(id);
      if (record.status === "running") throw conflict(`the build ${record.id} is running`);
      await history.remove(record.id);
    },
    cache: () => listCache(context),
    prune: bind(context, pruneCache),
  };
}

function bind<Args extends unknown[], Result>(
  context: BuildContext,
  verb: (context: BuildContext, ...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => verb(context, ...args);
}

function running(context: BuildContext, id: string): RunningBuild {
  const build = context.running.get(id);
  if (build === undefined) throw notFound(`no such build is running: ${id}`);
  return build;
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
  await removeFailedImages(context);
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
