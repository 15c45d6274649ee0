import { CliError } from "../../cli-error.ts";
import { atLeast, defineCommand } from "../../command.ts";
import { ContextStore, DEFAULT_CONTEXT } from "../../connection/context-store.ts";
import { writeConfig } from "../../connection/write-config.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { currentContext } from "./current-context.ts";

export const command = defineCommand({
  usage: "CONTEXT [CONTEXT...]",
  description: "Remove one or more contexts",
  aliases: ["context rm", "context remove"],
  args: atLeast(1),
  flags: { force: bool("Force the removal of a context in use", { short: "f" }) },
  run: async ({ values, args, context }) => {
    const store = new ContextStore(context.configDirectory);
    const current = await currentContext(context);
    const problems: string[] = [];
    for (const name of args) {
      const problem = whyNot(name, store, { current, force: values.force });
      if (problem !== undefined) {
        problems.push(problem);
        continue;
      }
      store.remove(name);
      const { currentContext: configured, ...config } = await context.config();
      if (configured === name) writeConfig(context.configDirectory, config);
      context.stdout.line(name);
    }
    if (problems.length > 0) throw new CliError(problems.join("\n"));
    return undefined;
  },
});

function whyNot(
  name: string,
  store: ContextStore,
  { current, force }: { current: string; force: boolean },
): string | undefined {
  if (name === DEFAULT_CONTEXT) return `context "${DEFAULT_CONTEXT}" cannot be removed`;
  if (!force && !store.has(name)) return `context "${name}" does not exist`;
  if (!force && name === current) {
    return `context "${name}" is in use, set -f flag to force remove`;
  }
  return undefined;
}
