import type { AnyCommand } from "../../command.ts";
import { TRUST_COMMANDS } from "./trust-commands.ts";
import { refusedCommand } from "./unserved-command.ts";

const WHY =
  "Docker Content Trust (Notary v1) is not supported; sign images with cosign, whose signatures lie in the registry beside them";

/** A command of content trust, by its words. */
export function trustCommand(name: string): AnyCommand {
  const definition = TRUST_COMMANDS[name];
  if (definition === undefined) throw new Error(`no command trust ${name}`);
  return refusedCommand(definition, WHY);
}
