import { type CommandGroup, type CommandNode, group, leaf } from "./command-node.ts";
import { UNSERVED_TREE } from "./unserved-tree.ts";

const CONTAINER: readonly CommandNode[] = [
  leaf(
    "attach",
    "Attach local standard input, output, and error streams to a running container",
    () => import("./commands/container/attach.ts"),
  ),
  leaf(
    "commit",
    "Create a new image from a container's changes",
    () => import("./commands/container/commit.ts"),
  ),
  leaf(
    "cp",
    "Copy files/folders between a container and the local filesystem",
    () => import("./commands/container/cp.ts"),
  ),
  leaf("create", "Create a new container", () => import("./commands/container/create.ts")),
  leaf(
    "diff",
    "Inspect changes to files or directories on a container's filesystem",
    () => import("./commands/container/diff.ts"),
  ),
  leaf(
    "exec",
    "Execute a command in a running container",
    () => import("./commands/container/exec.ts"),
  ),
  leaf(
    "export",
    "Export a container's filesystem as a tar archive",
    () => import("./commands/container/export.ts"),
  ),
  leaf(
    "inspect",
    "Display detailed information on one or more containers",
    () => import("./commands/container/inspect.ts"),
  ),
  leaf("kill", "Kill one or more running containers", () => import("./commands/container/kill.ts")),
  leaf("logs", "Fetch the logs of a container", () => import("./commands/container/logs.ts")),
  leaf("ls", "List containers", () => import("./commands/container/ls.ts"), ["list", "ps"]),
  leaf(
    "pause",
    "Pause all processes within one or more containers",
    () => import("./commands/container/pause.ts"),
  ),
  leaf(
    "port",
    "List port mappings or a specific mapping for the container",
    () => import("./commands/container/port.ts"),
  ),
  leaf("prune", "Remove all stopped containers", () => import("./commands/container/prune.ts")),
  leaf("rename", "Rename a container", () => import("./commands/container/rename.ts")),
  leaf(
    "restart",
    "Restart one or more containers",
    () => import("./commands/container/restart.ts"),
  ),
  leaf("rm", "Remove one or more containers", () => import("./commands/container/rm.ts"), [
    "remove",
  ]),
  leaf(
    "run",
    "Create and run a new container from an image",
    () => import("./commands/container/run.ts"),
  ),
  leaf(
    "start",
    "Start one or more stopped containers",
    () => import("./commands/container/start.ts"),
  ),
  leaf(
    "stats",
    "Display a live stream of container(s) resource usage statistics",
    () => import("./commands/container/stats.ts"),
  ),
  leaf("stop", "Stop one or more running containers", () => import("./commands/container/stop.ts")),
  leaf(
    "top",
    "Display the running processes of a container",
    () => import("./commands/container/top.ts"),
  ),
  leaf(
    "unpause",
    "Unpause all processes within one or more containers",
    () => import("./commands/container/unpause.ts"),
  ),
  leaf(
    "update",
    "Update configuration of one or more containers",
    () => import("./commands/container/update.ts"),
  ),
  leaf(
    "wait",
    "Block until one or more containers stop, then print their exit codes",
    () => import("./commands/container/wait.ts"),
  ),
];

const BUILD_HISTORY: readonly CommandNode[] = [
  leaf("ls", "List recent builds", () => import("./commands/builder/history-ls.ts")),
  leaf(
    "logs",
    "Show the whole log of a recent build",
    () => import("./commands/builder/history-logs.ts"),
  ),
  leaf("rm", "Forget recent builds", () => import("./commands/builder/history-rm.ts")),
];

const BUILD: CommandNode = {
  ...leaf("build", "Build an image from a Dockerfile", () => import("./commands/image/build.ts")),
  children: BUILD_HISTORY,
};

const BUILDER: readonly CommandNode[] = [
  BUILD,
  leaf("du", "Disk usage of the build cache", () => import("./commands/builder/du.ts")),
  leaf("prune", "Remove build cache", () => import("./commands/builder/prune.ts")),
  ...BUILD_HISTORY,
];

const BUILDX: readonly CommandNode[] = [
  BUILD,
  leaf("du", "Disk usage of the build cache", () => import("./commands/builder/du.ts")),
  { name: "history", short: "Recent builds", children: BUILD_HISTORY },
  leaf("prune", "Remove build cache", () => import("./commands/builder/prune.ts")),
];

const IMAGE: readonly CommandNode[] = [
  BUILD,
  leaf("history", "Show the history of an image", () => import("./commands/image/history.ts")),
  leaf(
    "import",
    "Import the contents from a tarball to create a filesystem image",
    () => import("./commands/image/import.ts"),
  ),
  leaf(
    "inspect",
    "Display detailed information on one or more images",
    () => import("./commands/image/inspect.ts"),
  ),
  leaf(
    "load",
    "Load an image from a tar archive or STDIN",
    () => import("./commands/image/load.ts"),
  ),
  leaf(
    "lock",
    "Guard one or more images against removal",
    () => import("./commands/image/lock.ts"),
  ),
  leaf("ls", "List images", () => import("./commands/image/ls.ts"), ["list"]),
  leaf("prune", "Remove unused images", () => import("./commands/image/prune.ts")),
  leaf("pull", "Download an image from a registry", () => import("./commands/image/pull.ts")),
  leaf("push", "Upload an image to a registry", () => import("./commands/image/push.ts")),
  leaf("rm", "Remove one or more images", () => import("./commands/image/rm.ts"), ["remove"]),
  leaf(
    "save",
    "Save one or more images to a tar archive (streamed to STDOUT by default)",
    () => import("./commands/image/save.ts"),
  ),
  leaf(
    "send",
    "Send an image to another Berth, without what it has already",
    () => import("./commands/image/send.ts"),
  ),
  leaf(
    "tag",
    "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    () => import("./commands/image/tag.ts"),
  ),
  leaf(
    "unlock",
    "Lift the guard of one or more images",
    () => import("./commands/image/unlock.ts"),
  ),
];

const MANIFEST: readonly CommandNode[] = [
  leaf(
    "annotate",
    "Add additional information to a local image manifest",
    () => import("./commands/manifest/annotate.ts"),
  ),
  leaf(
    "create",
    "Create a local manifest list for annotating and pushing to a registry",
    () => import("./commands/manifest/create.ts"),
  ),
  leaf(
    "inspect",
    "Display an image manifest, or manifest list",
    () => import("./commands/manifest/inspect.ts"),
  ),
  leaf("push", "Push a manifest list to a repository", () => import("./commands/manifest/push.ts")),
  leaf(
    "rm",
    "Delete one or more manifest lists from local storage",
    () => import("./commands/manifest/rm.ts"),
  ),
];

const NETWORK: readonly CommandNode[] = [
  leaf(
    "connect",
    "Connect a container to a network",
    () => import("./commands/network/connect.ts"),
  ),
  leaf(
    "check",
    "Tell, or repair, where the kernel is not as the networks want it",
    () => import("./commands/network/check.ts"),
  ),
  leaf("create", "Create a network", () => import("./commands/network/create.ts")),
  leaf(
    "disconnect",
    "Disconnect a container from a network",
    () => import("./commands/network/disconnect.ts"),
  ),
  leaf(
    "graph",
    "Draw networks, the containers in them and the ports that lead there",
    () => import("./commands/network/graph.ts"),
  ),
  leaf(
    "inspect",
    "Display detailed information on one or more networks",
    () => import("./commands/network/inspect.ts"),
  ),
  leaf("ls", "List networks", () => import("./commands/network/ls.ts"), ["list"]),
  leaf("prune", "Remove all unused networks", () => import("./commands/network/prune.ts")),
  leaf("rm", "Remove one or more networks", () => import("./commands/network/rm.ts"), ["remove"]),
];

const VOLUME_TRASH: readonly CommandNode[] = [
  leaf(
    "empty",
    "Delete removed volumes for good",
    () => import("./commands/volume/trash-empty.ts"),
  ),
  leaf("ls", "List removed volumes", () => import("./commands/volume/trash-ls.ts"), ["list"]),
  leaf("restore", "Bring removed volumes back", () => import("./commands/volume/trash-restore.ts")),
];

const VOLUME: readonly CommandNode[] = [
  leaf("browse", "List the files of a volume", () => import("./commands/volume/browse.ts")),
  leaf("cat", "Print files of a volume", () => import("./commands/volume/cat.ts")),
  leaf(
    "clone",
    "Make a volume with the content of another one",
    () => import("./commands/volume/clone.ts"),
  ),
  leaf("create", "Create a volume", () => import("./commands/volume/create.ts")),
  leaf("du", "Show what volumes take", () => import("./commands/volume/du.ts")),
  leaf(
    "export",
    "Export a volume's content as a tar archive",
    () => import("./commands/volume/export.ts"),
  ),
  leaf("import", "Fill a volume from a tar archive", () => import("./commands/volume/import.ts")),
  leaf(
    "inspect",
    "Display detailed information on one or more volumes",
    () => import("./commands/volume/inspect.ts"),
  ),
  leaf(
    "lock",
    "Guard one or more volumes against removal",
    () => import("./commands/volume/lock.ts"),
  ),
  leaf("ls", "List volumes", () => import("./commands/volume/ls.ts"), ["list"]),
  leaf("prune", "Remove unused local volumes", () => import("./commands/volume/prune.ts")),
  leaf("rename", "Rename a volume", () => import("./commands/volume/rename.ts")),
  leaf("restore", "Put a snapshot's content back", () => import("./commands/volume/restore.ts")),
  leaf("rm", "Remove one or more volumes", () => import("./commands/volume/rm.ts"), ["remove"]),
  leaf(
    "snapshot",
    "Keep the present content of a volume",
    () => import("./commands/volume/snapshot.ts"),
  ),
  leaf(
    "snapshots",
    "List the snapshots of a volume",
    () => import("./commands/volume/snapshots.ts"),
  ),
  { name: "trash", short: "Manage removed volumes", children: VOLUME_TRASH },
  leaf(
    "unlock",
    "Lift the guard of one or more volumes",
    () => import("./commands/volume/unlock.ts"),
  ),
  leaf(
    "update",
    "Update a volume (cluster volumes only)",
    () => import("./commands/volume/update.ts"),
  ),
];

const CONTEXT: readonly CommandNode[] = [
  leaf("create", "Create a context", () => import("./commands/context/create.ts")),
  leaf(
    "export",
    "Export a context to a tar archive FILE or a tar stream on STDOUT",
    () => import("./commands/context/export.ts"),
  ),
  leaf(
    "import",
    "Import a context from a tar or zip file",
    () => import("./commands/context/import.ts"),
  ),
  leaf(
    "inspect",
    "Display detailed information on one or more contexts",
    () => import("./commands/context/inspect.ts"),
  ),
  leaf("ls", "List contexts", () => import("./commands/context/ls.ts"), ["list"]),
  leaf("rm", "Remove one or more contexts", () => import("./commands/context/rm.ts"), ["remove"]),
  leaf("show", "Print the name of the current context", () => import("./commands/context/show.ts")),
  leaf("update", "Update a context", () => import("./commands/context/update.ts")),
  leaf("use", "Set the current docker context", () => import("./commands/context/use.ts")),
];

const GENERATE: readonly CommandNode[] = [
  leaf("man", "Write manual pages", () => import("./commands/generate/man.ts")),
  leaf(
    "reference",
    "Print the reference of all commands",
    () => import("./commands/generate/reference.ts"),
  ),
];

const SYSTEM: readonly CommandNode[] = [
  leaf(
    "dial-stdio",
    "Proxy the stdio stream to the daemon connection",
    () => import("./commands/system/dial-stdio.ts"),
  ),
  leaf("df", "Show docker disk usage", () => import("./commands/system/df.ts")),
  leaf(
    "events",
    "Get real time events from the server",
    () => import("./commands/system/events.ts"),
  ),
  leaf("info", "Display system-wide information", () => import("./commands/system/info.ts")),
  leaf("prune", "Remove unused data", () => import("./commands/system/prune.ts")),
  leaf("stop", "Stop the Berth daemon", () => import("./commands/system/stop.ts")),
];

const TOP_CONTAINER =
  "attach commit cp create diff export kill logs pause port rename restart rm start stats stop top unpause update wait".split(
    " ",
  );
const TOP_IMAGE = "history import load save tag".split(" ");

function borrow(
  nodes: readonly CommandNode[],
  name: string,
  group: CommandGroup,
  as: string = name,
): CommandNode {
  const node = nodes.find((each) => each.name === name);
  if (node === undefined) throw new Error(`no command ${name}`);
  return {
    name: as,
    short: node.short,
    group,
    ...(node.load === undefined ? {} : { load: node.load }),
  };
}

/** Every command of the program; the order of the common ones is the order of help. */
export const COMMAND_TREE: readonly CommandNode[] = [
  borrow(CONTAINER, "run", "Common Commands"),
  borrow(CONTAINER, "exec", "Common Commands"),
  borrow(CONTAINER, "ls", "Common Commands", "ps"),
  { ...BUILD, group: "Common Commands" },
  borrow(IMAGE, "pull", "Common Commands"),
  borrow(IMAGE, "push", "Common Commands"),
  borrow(IMAGE, "ls", "Common Commands", "images"),
  {
    ...leaf("login", "Authenticate to a registry", () => import("./commands/system/login.ts")),
    group: "Common Commands",
  },
  {
    ...leaf("logout", "Log out from a registry", () => import("./commands/system/logout.ts")),
    group: "Common Commands",
  },
  {
    ...leaf("search", "Search Docker Hub for images", () => import("./commands/image/search.ts")),
    group: "Common Commands",
  },
  {
    ...leaf(
      "version",
      "Show the Berth version information",
      () => import("./commands/system/version.ts"),
    ),
    group: "Common Commands",
  },
  borrow(SYSTEM, "info", "Common Commands"),
  {
    ...leaf(
      "completion",
      "Generate the autocompletion script for the specified shell",
      () => import("./commands/system/completion.ts"),
    ),
    group: "Commands",
  },
  group("builder", "Manage builds", BUILDER),
  { ...group("buildx", "Builds, as buildx has them", BUILDX), hidden: true },
  group("container", "Manage containers", CONTAINER),
  group("context", "Manage contexts", CONTEXT),
  group("generate", "Write what the program knows of itself", GENERATE),
  group("image", "Manage images", IMAGE),
  group("manifest", "Manage Docker image manifests and manifest lists", MANIFEST),
  group("network", "Manage networks", NETWORK),
  group("system", "Manage Berth", SYSTEM),
  group("volume", "Manage volumes", VOLUME),
  ...UNSERVED_TREE,
  ...TOP_CONTAINER.map((name) => borrow(CONTAINER, name, "Commands")),
  ...TOP_IMAGE.map((name) => borrow(IMAGE, name, "Commands")),
  borrow(IMAGE, "rm", "Commands", "rmi"),
  borrow(SYSTEM, "events", "Commands"),
  {
    ...leaf(
      "inspect",
      "Return low-level information on Docker objects",
      () => import("./commands/system/inspect.ts"),
    ),
    group: "Commands",
  },
];
