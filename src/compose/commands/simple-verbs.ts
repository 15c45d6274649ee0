import { defineCommand } from "../../cli/command.ts";
import { containersOf } from "../find-container.ts";
import { openRunning } from "../open-project.ts";
import type { ProjectContext } from "../operations/project-context.ts";
import type { ServiceContainer } from "../state/project-state.ts";
import { anyArguments } from "./up.ts";

/** A command that does one thing to each running container of the services that are named. */
export function verbCommand(definition: {
  description: string;
  /** `Pausing`, `Paused`. */
  words: readonly [doing: string, done: string];
  states: readonly string[];
  act(context: ProjectContext, container: ServiceContainer): Promise<void>;
}) {
  const { description, words, states, act } = definition;
  return defineCommand({
    usage: "[SERVICE...]",
    description,
    args: anyArguments,
    flags: {},
    run: async ({ args, context }) => {
      const { context: work } = await openRunning(context, "Running", args);
      const found = (await containersOf(work, args, { all: true })).filter(({ state }) =>
        states.includes(state),
      );
      await Promise.all(
        found.map(async (container) => {
          const subject = `Container ${container.name}`;
          work.progress.step(subject, words[0], "working");
          await act(work, container);
          work.progress.step(subject, words[1], "done");
        }),
      );
      work.progress.finish();
      return 0;
    },
  });
}
