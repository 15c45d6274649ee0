import type { CommandNode } from "../cli/command-node.ts";
import { composeFlags } from "./compose-flags.ts";

type Load = NonNullable<CommandNode["load"]>;
const leaf = (
  name: string,
  short: string,
  load: Load,
  aliases: readonly string[] = [],
): CommandNode => ({ name, short, load, ...(aliases.length === 0 ? {} : { aliases }) });

/** `compose` with its commands, for the command line's tree. */
export const composeCommand: CommandNode = {
  name: "compose",
  short: "Define and run multi-container applications",
  group: "Management Commands",
  flags: composeFlags,
  children: [
    leaf("attach", "Attach to a service's running container", () => import("./commands/attach.ts")),
    leaf("build", "Build or rebuild services", () => import("./commands/build.ts")),
    leaf(
      "commit",
      "Create a new image from a service container's changes",
      () => import("./commands/commit.ts"),
    ),
    leaf(
      "config",
      "Parse, resolve and render compose file in canonical format",
      () => import("./commands/config.ts"),
      ["convert"],
    ),
    leaf(
      "cp",
      "Copy files/folders between a service container and the local filesystem",
      () => import("./commands/cp.ts"),
    ),
    leaf("create", "Creates containers for a service", () => import("./commands/create.ts")),
    leaf("down", "Stop and remove containers, networks", () => import("./commands/down.ts")),
    leaf(
      "events",
      "Receive real time events from containers",
      () => import("./commands/events.ts"),
    ),
    leaf("exec", "Execute a command in a running container", () => import("./commands/exec.ts")),
    leaf(
      "export",
      "Export a service container's filesystem as a tar archive",
      () => import("./commands/export.ts"),
    ),
    leaf(
      "images",
      "List images used by the created containers",
      () => import("./commands/images.ts"),
    ),
    leaf("kill", "Force stop service containers", () => import("./commands/kill.ts")),
    leaf("logs", "View output from containers", () => import("./commands/logs.ts")),
    leaf("ls", "List running compose projects", () => import("./commands/ls.ts")),
    leaf("pause", "Pause services", () => import("./commands/pause.ts")),
    leaf("port", "Print the public port for a port binding", () => import("./commands/port.ts")),
    leaf("ps", "List containers", () => import("./commands/ps.ts")),
    leaf("publish", "Publish compose application", () => import("./commands/publish.ts")),
    leaf("pull", "Pull service images", () => import("./commands/pull.ts")),
    leaf("push", "Push service images", () => import("./commands/push.ts")),
    leaf("restart", "Restart service containers", () => import("./commands/restart.ts")),
    leaf("rm", "Removes stopped service containers", () => import("./commands/rm.ts")),
    leaf("run", "Run a one-off command on a service", () => import("./commands/run.ts")),
    leaf("scale", "Scale services", () => import("./commands/scale.ts")),
    leaf("start", "Start services", () => import("./commands/start.ts")),
    leaf(
      "stats",
      "Display a live stream of container(s) resource usage statistics",
      () => import("./commands/stats.ts"),
    ),
    leaf("stop", "Stop services", () => import("./commands/stop.ts")),
    leaf("top", "Display the running processes", () => import("./commands/top.ts")),
    leaf("unpause", "Unpause services", () => import("./commands/unpause.ts")),
    leaf("up", "Create and start containers", () => import("./commands/up.ts")),
    leaf(
      "version",
      "Show the Docker Compose version information",
      () => import("./commands/version.ts"),
    ),
    leaf(
      "viz",
      "Generate a graphviz graph from your compose file",
      () => import("./commands/viz.ts"),
    ),
    leaf("volumes", "List volumes", () => import("./commands/volumes.ts")),
    leaf(
      "watch",
      "Watch build context for service and rebuild/refresh containers when files are updated",
      () => import("./commands/watch.ts"),
    ),
    leaf(
      "wait",
      "Block until containers of all (or specified) services stop.",
      () => import("./commands/wait.ts"),
    ),
  ],
};
