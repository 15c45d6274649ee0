import type { CommandContext } from "../../command.ts";
import { DEFAULT_CONTEXT } from "../../connection/context-store.ts";
import { DEFAULT_HOST, parseHost } from "../../connection/resolve-endpoint.ts";

/** The address that the environment names, which goes before every context. */
export function hostVariable({ environment, globals }: CommandContext): string | undefined {
  return (
    globals.values.host[0] ?? (environment["BERTH_HOST"] || environment["DOCKER_HOST"] || undefined)
  );
}

/** The name of the variable that overrides contexts, for a warning. */
export const overridingVariable = ({ environment }: CommandContext): string =>
  environment["BERTH_HOST"] ? "BERTH_HOST" : "DOCKER_HOST";

/** The context that commands use now. */
export async function currentContext(context: CommandContext): Promise<string> {
  const { globals, environment } = context;
  if (globals.values.context !== "") return globals.values.context;
  if (hostVariable(context) !== undefined) return DEFAULT_CONTEXT;
  return (
    environment["DOCKER_CONTEXT"] || (await context.config()).currentContext || DEFAULT_CONTEXT
  );
}

/** Where the default context points. */
export function defaultHost(context: CommandContext): string {
  return parseHost(hostVariable(context) ?? DEFAULT_HOST, context.globals.values.tls);
}
