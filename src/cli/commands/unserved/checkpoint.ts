import type { AnyCommand } from "../../command.ts";
import { CHECKPOINT_COMMANDS } from "./checkpoint-commands.ts";
import { askingCommand } from "./unserved-command.ts";

const METHODS = { create: "POST", ls: "GET", rm: "DELETE" } as const;

/** A command of checkpoints, by its name. */
export function checkpointCommand(name: keyof typeof METHODS): AnyCommand {
  const definition = CHECKPOINT_COMMANDS[name];
  if (definition === undefined) throw new Error(`no command checkpoint ${name}`);
  const method = METHODS[name];
  return askingCommand(definition, ([container = "", checkpoint = ""]) => {
    const all = `/containers/${encodeURIComponent(container)}/checkpoints`;
    const path = method === "DELETE" ? `${all}/${encodeURIComponent(checkpoint)}` : all;
    return method === "POST"
      ? { method, path, json: { CheckpointID: checkpoint } }
      : { method, path };
  });
}
