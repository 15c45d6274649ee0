import type { AnyCommand } from "../../command.ts";
import { SERVICE_COMMANDS, STACK_COMMANDS } from "./service-commands.ts";
import { NODE_COMMANDS, SWARM_COMMANDS } from "./swarm-commands.ts";
import { CONFIG_COMMANDS, SECRET_COMMANDS } from "./swarm-data-commands.ts";
import {
  askingCommand,
  type Question,
  refusedCommand,
  type UnservedCommands,
} from "./unserved-command.ts";

const GROUPS: Readonly<Record<string, UnservedCommands>> = {
  swarm: SWARM_COMMANDS,
  node: NODE_COMMANDS,
  service: SERVICE_COMMANDS,
  stack: STACK_COMMANDS,
  config: CONFIG_COMMANDS,
  secret: SECRET_COMMANDS,
};

/** What a command asks; where nothing stands here, the list of its group, which answers alike. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  "swarm init": { method: "POST", path: "/swarm/init", json: { ListenAddr: "0.0.0.0:2377" } },
  "swarm join": { method: "POST", path: "/swarm/join", json: { ListenAddr: "0.0.0.0:2377" } },
  "swarm leave": { method: "POST", path: "/swarm/leave" },
  "swarm unlock-key": { method: "GET", path: "/swarm/unlockkey" },
};

const LISTS: Readonly<Record<string, string>> = {
  swarm: "/swarm",
  node: "/nodes",
  service: "/services",
  stack: "/services",
  config: "/configs",
  secret: "/secrets",
};

/** A command of swarms, by its group and name. Berth answers them as an engine outside of a swarm. */
export function swarmCommand(group: string, name: string): AnyCommand {
  const definition = GROUPS[group]?.[name];
  if (definition === undefined) throw new Error(`no command ${group} ${name}`);
  const path = `${group} ${name}`;
  if (path === "swarm unlock") {
    return refusedCommand(definition, "This node is not part of a swarm");
  }
  if (path === "stack config") {
    return refusedCommand(definition, 'stacks are of swarms; "berth compose config" merges files');
  }
  const list: Question = { method: "GET", path: LISTS[group] ?? "/swarm" };
  return askingCommand(
    definition,
    () => QUESTIONS[path] ?? list,
    ([first = ""]) => {
      if (path === "service scale") return `${first.replace(/=.*/, "")}: `;
      return path === "swarm unlock-key" ? "could not fetch unlock key: " : "";
    },
  );
}
