import { composeDuration } from "../file/compose-duration.ts";
import type { Service, UpdateConfig } from "../file/project.ts";
import type { RecreateStep } from "../plan/plan-rolling.ts";
import type { MadeContainer } from "./make-containers.ts";
import { type RollContext, type Rolled, rollContainer, stopReplaced } from "./roll-container.ts";

/**
 * Replaces a service's containers, so many at once and with such pauses as `deploy.update_config` says. What
 * fails stays as it was; then `failure_action` decides: `pause` (the default) leaves what is done and ends
 * with the failure, `continue` goes on, `rollback` takes back what is done, too.
 */
export async function rollService(
  context: RollContext,
  service: Service,
  steps: readonly RecreateStep[],
): Promise<MadeContainer[]> {
  const config = service.deploy?.update_config ?? {};
  const done: Rolled[] = [];
  const kept: RecreateStep[] = [];
  /** Whose old containers run still. */
  let open: Rolled[] = [];
  for (const [index, batch] of batches(steps, config).entries()) {
    if (index > 0) await pause(config.delay);
    const results = await Promise.allSettled(
      batch.map((step) => rollContainer(context, service, step)),
    );
    const rolled = results.flatMap((result) =>
      result.status === "fulfilled" ? [result.value] : [],
    );
    done.push(...rolled);
    open.push(...rolled);
    kept.push(...batch.filter((_, position) => results[position]?.status === "rejected"));
    const failure = results.find((result) => result.status === "rejected");
    if (failure !== undefined && isTooMany(kept.length / steps.length, config)) {
      if (config.failure_action === "rollback") await takeBack(context, open);
      else await removeReplaced(context, open);
      throw failure.reason;
    }
    if (failure !== undefined) context.warn(`rolling goes on: ${String(failure.reason)}`);
    // Taking back what is done needs the old ones running.
    if (config.failure_action === "rollback") continue;
    await removeReplaced(context, open);
    open = [];
  }
  await removeReplaced(context, open);
  return [...done.map(({ made }) => made), ...kept.map(unchanged)].sort(
    (a, b) => a.number - b.number,
  );
}

const unchanged = ({ container: { id, name, service, number } }: RecreateStep): MadeContainer => ({
  id,
  name,
  service,
  number,
  fresh: false,
});

function batches(
  steps: readonly RecreateStep[],
  { parallelism = 1 }: UpdateConfig,
): RecreateStep[][] {
  const size = parallelism === 0 ? steps.length : parallelism;
  const result: RecreateStep[][] = [];
  for (let start = 0; start < steps.length; start += size) {
    result.push(steps.slice(start, start + size));
  }
  return result;
}

async function pause(delay: string | undefined): Promise<void> {
  if (delay === undefined) return;
  await Bun.sleep(Number(composeDuration(delay) / 1_000_000n));
}

const isTooMany = (ratio: number, config: UpdateConfig): boolean =>
  config.failure_action !== "continue" && ratio > (config.max_failure_ratio ?? 0);

async function takeBack(context: RollContext, rolled: readonly Rolled[]): Promise<void> {
  for (const { made, undo } of rolled) {
    await undo();
    context.progress.step(`Container ${made.name}`, "Rolled back", "done");
  }
}

async function removeReplaced(context: RollContext, rolled: readonly Rolled[]): Promise<void> {
  await Promise.all(
    rolled.map(async (each) => {
      await stopReplaced(context, each);
      await context.client.containers.remove(each.step.container.id, { force: true });
    }),
  );
}
