import type { AnyCommand } from "../../command.ts";
import { PLUGIN_COMMANDS } from "./plugin-commands.ts";
import { askingCommand, type Question } from "./unserved-command.ts";

/** A command of managed plugins, by its name: an engine that installs none says so. */
export function pluginCommand(name: string): AnyCommand {
  const definition = PLUGIN_COMMANDS[name];
  if (definition === undefined) throw new Error(`no command plugin ${name}`);
  return askingCommand(definition, ([plugin = "", ...rest]) => question(name, plugin, rest));
}

function question(name: string, plugin: string, rest: readonly string[]): Question {
  const one = `/plugins/${encodeURIComponent(plugin)}`;
  switch (name) {
    case "create":
      return { method: "POST", path: `/plugins/create?name=${encodeURIComponent(plugin)}` };
    case "install":
      return { method: "GET", path: `/plugins/privileges?remote=${encodeURIComponent(plugin)}` };
    case "rm":
      return { method: "DELETE", path: one };
    case "enable":
      return { method: "POST", path: `${one}/enable?timeout=30` };
    case "set":
      return { method: "POST", path: `${one}/set`, json: rest };
    case "disable":
    case "push":
      return { method: "POST", path: `${one}/${name}` };
    default:
      return { method: "GET", path: `${one}/json` };
  }
}
