import { CliError } from "../../cli/cli-error.ts";
import { atLeast, defineCommand } from "../../cli/command.ts";
import { bool } from "../../cli/flags/flag-kinds.ts";
import { delegate, flagWords } from "../delegate.ts";

export const command = defineCommand({
  usage: "[SERVICE=REPLICAS...]",
  description: "Scale services",
  args: atLeast(1),
  flags: { "no-deps": bool("Don't start linked services") },
  run: ({ values, args, context }) => {
    const services = args.map((word) => {
      const [name = "", count] = word.split("=");
      if (count === undefined)
        throw new CliError(`invalid scale specifier "${word}": use SERVICE=NUM`);
      return name;
    });
    const words = ["--detach", "--no-recreate", ...(values["no-deps"] ? ["--no-deps"] : [])];
    return delegate(
      () => import("./up.ts"),
      [...words, ...flagWords("scale", ...args), ...services],
      context,
    );
  },
});
