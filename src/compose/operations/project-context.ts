import type { EngineClient } from "../../client/index.ts";
import type { Project } from "../file/project.ts";
import type { ProjectPlace } from "../model/container-request.ts";
import type { Progress } from "../view/progress.ts";

/** What every operation on a project works with. */
export interface ProjectContext {
  client: EngineClient;
  project: Project;
  place: ProjectPlace;
  progress: Progress;
  /** At most so many requests to the engine at once; Infinity: no bound. */
  parallel: Limit;
  warn(message: string): void;
}

/** Runs functions, no more than a number of them at once. */
export type Limit = <T>(work: () => Promise<T>) => Promise<T>;

export function limit(most: number): Limit {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
