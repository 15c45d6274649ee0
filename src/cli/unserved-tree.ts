import { type CommandNode, group, leaf } from "./command-node.ts";

const swarm = (
  family: string,
  name: string,
  short: string,
  aliases?: readonly string[],
): CommandNode =>
  leaf(
    name,
    short,
    async () => ({
      command: (await import("./commands/unserved/swarm.ts")).swarmCommand(family, name),
    }),
    aliases,
  );

const SWARM = [
  swarm("swarm", "ca", "Display and rotate the root CA"),
  swarm("swarm", "init", "Initialize a swarm"),
  swarm("swarm", "join", "Join a swarm as a node and/or manager"),
  swarm("swarm", "join-token", "Manage join tokens"),
  swarm("swarm", "leave", "Leave the swarm"),
  swarm("swarm", "unlock", "Unlock swarm"),
  swarm("swarm", "unlock-key", "Manage the unlock key"),
  swarm("swarm", "update", "Update the swarm"),
];

const NODE = [
  swarm("node", "demote", "Demote one or more nodes from manager in the swarm"),
  swarm("node", "inspect", "Display detailed information on one or more nodes"),
  {
    name: "ls",
    aliases: ["list"],
    short: "List the hosts of the cluster",
    load: () => import("./commands/node/ls.ts"),
  },
  swarm("node", "promote", "Promote one or more nodes to manager in the swarm"),
  swarm("node", "ps", "List tasks running on one or more nodes, defaults to current node"),
  swarm("node", "rm", "Remove one or more nodes from the swarm", ["remove"]),
  swarm("node", "update", "Update a node"),
];

const SERVICE = [
  swarm("service", "create", "Create a new service"),
  swarm("service", "inspect", "Display detailed information on one or more services"),
  swarm("service", "logs", "Fetch the logs of a service or task"),
  swarm("service", "ls", "List services", ["list"]),
  swarm("service", "ps", "List the tasks of one or more services"),
  swarm("service", "rm", "Remove one or more services", ["remove"]),
  swarm("service", "rollback", "Revert changes to a service's configuration"),
  swarm("service", "scale", "Scale one or multiple replicated services"),
  swarm("service", "update", "Update a service"),
];

const STACK = [
  swarm("stack", "config", "Outputs the final config file, after doing merges and interpolations"),
  swarm("stack", "deploy", "Deploy a new stack or update an existing stack", ["up"]),
  swarm("stack", "ls", "List stacks", ["list"]),
  swarm("stack", "ps", "List the tasks in the stack"),
  swarm("stack", "rm", "Remove one or more stacks", ["remove", "down"]),
  swarm("stack", "services", "List the services in the stack"),
];

const CONFIG = [
  swarm("config", "create", "Create a config from a file or STDIN"),
  swarm("config", "inspect", "Display detailed information on one or more configs"),
  swarm("config", "ls", "List configs", ["list"]),
  swarm("config", "rm", "Remove one or more configs", ["remove"]),
];

const SECRET = [
  swarm("secret", "create", "Create a secret from a file or STDIN as content"),
  swarm("secret", "inspect", "Display detailed information on one or more secrets"),
  swarm("secret", "ls", "List secrets", ["list"]),
  swarm("secret", "rm", "Remove one or more secrets", ["remove"]),
];

const PLUGIN: readonly CommandNode[] = [
  leaf(
    "create",
    "Create a plugin from a rootfs and configuration. Plugin data directory must contain config.json and rootfs directory.",
    async () => ({
      command: (await import("./commands/unserved/plugin.ts")).pluginCommand("create"),
    }),
  ),
  leaf("disable", "Disable a plugin", async () => ({
    command: (await import("./commands/unserved/plugin.ts")).pluginCommand("disable"),
  })),
  leaf("enable", "Enable a plugin", async () => ({
    command: (await import("./commands/unserved/plugin.ts")).pluginCommand("enable"),
  })),
  leaf("inspect", "Display detailed information on one or more plugins", async () => ({
    command: (await import("./commands/unserved/plugin.ts")).pluginCommand("inspect"),
  })),
  leaf("install", "Install a plugin", async () => ({
    command: (await import("./commands/unserved/plugin.ts")).pluginCommand("install"),
  })),
  leaf("ls", "List plugins", () => import("./commands/plugin-ls.ts"), ["list"]),
  leaf("push", "Push a plugin to a registry", async () => ({
    command: (await import("./commands/unserved/plugin.ts")).pluginCommand("push"),
  })),
  leaf(
    "rm",
    "Remove one or more plugins",
    async () => ({ command: (await import("./commands/unserved/plugin.ts")).pluginCommand("rm") }),
    ["remove"],
  ),
  leaf("set", "Change settings for a plugin", async () => ({
    command: (await import("./commands/unserved/plugin.ts")).pluginCommand("set"),
  })),
  leaf("upgrade", "Upgrade an existing plugin", async () => ({
    command: (await import("./commands/unserved/plugin.ts")).pluginCommand("upgrade"),
  })),
];

const CHECKPOINT: readonly CommandNode[] = [
  leaf("create", "Create a checkpoint from a running container", async () => ({
    command: (await import("./commands/unserved/checkpoint.ts")).checkpointCommand("create"),
  })),
  leaf(
    "ls",
    "List checkpoints for a container",
    async () => ({
      command: (await import("./commands/unserved/checkpoint.ts")).checkpointCommand("ls"),
    }),
    ["list"],
  ),
  leaf(
    "rm",
    "Remove a checkpoint",
    async () => ({
      command: (await import("./commands/unserved/checkpoint.ts")).checkpointCommand("rm"),
    }),
    ["remove"],
  ),
];

const trust = (words: string, short: string): CommandNode =>
  leaf(words.split(" ").at(-1) ?? words, short, async () => ({
    command: (await import("./commands/unserved/trust.ts")).trustCommand(words),
  }));

const TRUST: readonly CommandNode[] = [
  {
    name: "key",
    short: "Manage keys for signing Docker images",
    children: [
      trust("key generate", "Generate and load a signing key-pair"),
      trust("key load", "Load a private key file for signing"),
    ],
  },
  {
    name: "signer",
    short: "Manage entities who can sign Docker images",
    children: [trust("signer add", "Add a signer"), trust("signer remove", "Remove a signer")],
  },
  trust("inspect", "Return low-level information about keys and signatures"),
  trust("revoke", "Remove trust for an image"),
  trust("sign", "Sign an image"),
];

const hidden = (name: string, short: string, children: readonly CommandNode[]): CommandNode => ({
  ...group(name, short, children),
  hidden: true,
});

/** Commands of Docker's for what Berth does not do: they take what Docker's take, and say so. */
export const UNSERVED_TREE: readonly CommandNode[] = [
  group("plugin", "Manage plugins", PLUGIN),
  hidden("checkpoint", "Manage checkpoints", CHECKPOINT),
  hidden("trust", "Manage trust on Docker images", TRUST),
  hidden("swarm", "Manage Swarm", SWARM),
  { ...hidden("node", "Look at the hosts of a cluster", NODE), hidden: false },
  hidden("service", "Manage Swarm services", SERVICE),
  hidden("stack", "Manage Swarm stacks", STACK),
  hidden("config", "Manage Swarm configs", CONFIG),
  hidden("secret", "Manage Swarm secrets", SECRET),
];
