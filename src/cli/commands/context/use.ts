import { CliError } from "../../cli-error.ts";
import { type ArgumentRule, defineCommand } from "../../command.ts";
import { ContextStore, checkContextName, DEFAULT_CONTEXT } from "../../connection/context-store.ts";
import { writeConfig } from "../../connection/write-config.ts";
import { hostVariable, overridingVariable } from "./current-context.ts";

/** In the words of the library that Docker's client uses here without its own. */
const oneArgument: ArgumentRule = ({ length }) => {
  if (length !== 1) throw new CliError(`accepts 1 arg(s), received ${length}`);
};

export const command = defineCommand({
  usage: "CONTEXT",
  description: "Set the current docker context",
  args: oneArgument,
  flags: {},
  run: async ({ args, context }) => {
    const [name = ""] = args;
    if (name !== DEFAULT_CONTEXT) {
      checkContextName(name);
      new ContextStore(context.configDirectory).read(name);
    }
    const { currentContext: _, ...config } = await context.config();
    writeConfig(
      context.configDirectory,
      name === DEFAULT_CONTEXT ? config : { ...config, currentContext: name },
    );
    context.stdout.line(name);
    context.stderr.line(`Current context is now "${name}"`);
    if (name !== DEFAULT_CONTEXT && hostVariable(context) !== undefined) {
      const variable = overridingVariable(context);
      context.stderr.line(
        `Warning: ${variable} environment variable overrides the active context. To use "${name}", either set the global --context flag, or unset ${variable} environment variable.`,
      );
    }
    return undefined;
  },
});
