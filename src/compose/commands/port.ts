import { CliError } from "../../cli/cli-error.ts";
import { defineCommand, exactly } from "../../cli/command.ts";
import { int, string } from "../../cli/flags/flag-kinds.ts";
import { joinHostPort } from "../../cli/format/ports.ts";
import { findContainer } from "../find-container.ts";
import { openRunning } from "../open-project.ts";

export const command = defineCommand({
  usage: "[OPTIONS] SERVICE PRIVATE_PORT",
  description: "Print the public port for a port binding",
  args: exactly(2),
  flags: {
    index: int("Index of the container if service has multiple replicas"),
    protocol: string("tcp or udp", { initial: "tcp" }),
  },
  run: async ({ values, args, context }) => {
    const [service = "", port = ""] = args;
    const protocol = values.protocol.toLowerCase();
    if (!/^\d+$/.test(port)) throw new CliError(`invalid port "${port}": a number is needed`);
    const { context: work } = await openRunning(context, "", [service]);
    const { summary, name } = await findContainer(work, service, values.index);
    const found = summary.Ports.find(
      ({ PrivatePort, PublicPort, Type }) =>
        PrivatePort === Number(port) && Type === protocol && PublicPort !== undefined,
    );
    if (found === undefined)
      throw new CliError(`no port ${port}/${protocol} for container ${name}`);
    context.stdout.line(joinHostPort(found.IP ?? "", String(found.PublicPort)));
    return 0;
  },
});
