import type { UnservedCommands } from "./unserved-command.ts";

export const CHECKPOINT_COMMANDS: UnservedCommands = {
  create: {
    usage: "[OPTIONS] CONTAINER CHECKPOINT",
    description: "Create a checkpoint from a running container",
    flags: `
      --checkpoint-dir string Use a custom checkpoint storage directory
      --leave-running bool Leave the container running after checkpoint`,
  },
  ls: {
    usage: "[OPTIONS] CONTAINER",
    description: "List checkpoints for a container",
    aliases: ["checkpoint ls", "checkpoint list"],
    flags: `
      --checkpoint-dir string Use a custom checkpoint storage directory`,
  },
  rm: {
    usage: "[OPTIONS] CONTAINER CHECKPOINT",
    description: "Remove a checkpoint",
    aliases: ["checkpoint rm", "checkpoint remove"],
    flags: `
      --checkpoint-dir string Use a custom checkpoint storage directory`,
  },
};
