import { isBerth } from "../../cli/commands/is-berth.ts";
import { planRolling } from "../plan/plan-rolling.ts";
import type { UpPlan } from "../plan/plan-up.ts";
import type { ProjectContext } from "./project-context.ts";
import type { RollContext } from "./roll-container.ts";
import { rollService } from "./roll-service.ts";
import type { StartOptions } from "./start-containers.ts";

type Surroundings = Omit<RollContext, keyof ProjectContext | "handsOver">;

export interface Rolling {
  /** What is left for the ordinary way. */
  plan: UpPlan;
  rollWith(surroundings: Surroundings): NonNullable<StartOptions["roll"]>;
}

/**
 * Takes out of a plan what can be replaced without a gap. Rejects, before anything is changed, where the
 * engine cannot hand a published port over.
 */
export async function openRolling(context: ProjectContext, whole: UpPlan): Promise<Rolling> {
  const { client, project, warn } = context;
  const { plan, rolling, refused } = planRolling(project, whole);
  for (const [name, why] of refused) {
    warn(
      `service "${name}" is not rolled: ${why}; its old container ends before the new one starts`,
    );
  }
  const handsOver = rolling.size > 0 && isBerth(await client.system.version());
  for (const name of handsOver ? [] : rolling.keys()) {
    if ((project.services[name]?.ports ?? []).length === 0) continue;
    throw new Error(
      `Cannot roll service "${name}": it publishes ports, and this engine cannot hand them from one container to another; leave out --rolling`,
    );
  }
  return {
    plan,
    rollWith: (surroundings) => async (name, service) => {
      const steps = rolling.get(name);
      if (steps === undefined) return [];
      return await rollService({ ...context, ...surroundings, handsOver }, service, steps);
    },
  };
}
