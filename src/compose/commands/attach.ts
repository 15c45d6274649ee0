import { defineCommand, exactly } from "../../cli/command.ts";
import { bool, int, string } from "../../cli/flags/flag-kinds.ts";
import { boolWords, delegate, flagWords } from "../delegate.ts";
import { findContainer } from "../find-container.ts";
import { openRunning } from "../open-project.ts";

export const command = defineCommand({
  usage: "[OPTIONS] SERVICE",
  description:
    "Attach local standard input, output, and error streams to a service's running container",
  args: exactly(1),
  flags: {
    "detach-keys": string("Override the key sequence for detaching from a container."),
    index: int("index of the container if service has multiple replicas."),
    "no-stdin": bool("Do not attach STDIN"),
    "sig-proxy": bool("Proxy all received signals to the process", { initial: true }),
  },
  run: async ({ values, args, context }) => {
    const [service = ""] = args;
    const { context: work } = await openRunning(context, "", [service]);
    const { id } = await findContainer(work, service, values.index);
    const words = [
      ...flagWords("detach-keys", values["detach-keys"]),
      ...boolWords("no-stdin", values["no-stdin"]),
      ...boolWords("sig-proxy", values["sig-proxy"]),
    ];
    return delegate(
      () => import("../../cli/commands/container/attach.ts"),
      [...words, id],
      context,
    );
  },
});
