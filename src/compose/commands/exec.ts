import { atLeast, defineCommand } from "../../cli/command.ts";
import { bool, int, list, string } from "../../cli/flags/flag-kinds.ts";
import { isTerminal } from "../../cli/terminal/is-terminal.ts";
import { boolWords, delegate, flagWords } from "../delegate.ts";
import { findContainer } from "../find-container.ts";
import { openRunning } from "../open-project.ts";

export const command = defineCommand({
  usage: "[OPTIONS] SERVICE COMMAND [ARGS...]",
  description: "Execute a command in a running container",
  args: atLeast(2),
  flags: {
    detach: bool("Detached mode: Run command in the background", { short: "d" }),
    env: list("Set environment variables", { short: "e" }),
    index: int("Index of the container if service has multiple replicas"),
    interactive: bool("Keep STDIN open even if not attached", {
      short: "i",
      initial: true,
      hidden: true,
    }),
    "no-tty": bool(
      "Disable pseudo-TTY allocation. By default 'docker compose exec' allocates a TTY.",
      {
        short: "T",
        otherNames: ["no-TTY"],
      },
    ),
    privileged: bool("Give extended privileges to the process"),
    tty: bool("Allocate a pseudo-TTY", { short: "t", initial: true, hidden: true }),
    user: string("Run the command as this user", { short: "u" }),
    workdir: string("Path to workdir directory for this command", { short: "w" }),
  },
  flagsEndAtFirstArgument: true,
  run: async ({ values, args, context }) => {
    const [service = "", ...words] = args;
    const { context: work } = await openRunning(context, "", [service]);
    const { id } = await findContainer(work, service, values.index);
    const tty = values.tty && !values["no-tty"] && isTerminal(0) && isTerminal(context.stdout.fd);
    return delegate(
      () => import("../../cli/commands/container/exec.ts"),
      [
        ...boolWords("detach", values.detach),
        ...boolWords("interactive", values.interactive),
        ...boolWords("tty", tty),
        ...boolWords("privileged", values.privileged),
        ...flagWords("env", ...values.env),
        ...flagWords("user", values.user),
        ...flagWords("workdir", values.workdir),
        id,
        ...words,
      ],
      context,
    );
  },
});
