import { EngineError } from "../../spec/index.ts";
import type { BuildContext } from "./build-context.ts";

const FAILED = "berth.build.failed";
const SINCE = "berth.build.failed.at";

/** How long what a failed step has left is kept. Milliseconds. */
const KEPT_FOR = 3_600_000;

/** Labels of the image that a failed step's tree is kept as. */
export const failedLabels = (message: string, at: Date): Record<string, string> => ({
  [FAILED]: message.slice(0, 200),
  [SINCE]: at.toISOString(),
});

/** Removes the trees of steps that failed long ago; one that has got a name or a container stays. */
export async function removeFailedImages({ engine }: BuildContext): Promise<void> {
  const { store, images, clock } = engine;
  const limit = Number(clock.nanoseconds() / 1_000_000n) - KEPT_FOR;
  for (const { id, config } of store.images.list()) {
    const since = config.config?.Labels?.[SINCE];
    if (since === undefined || !(Date.parse(since) < limit)) continue;
    if (store.images.references(id).length > 0) continue;
    try {
      await images.remove(id, { force: false, noPrune: false, platforms: [] });
    } catch (error) {
      // A container of it is still there, or it has been removed just now.
      if (!(error instanceof EngineError)) throw error;
    }
  }
}
