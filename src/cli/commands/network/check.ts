import { defineCommand, noArguments } from "../../command.ts";
import { bool } from "../../flags/flag-kinds.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description:
    "Tell, or repair, where the kernel is not as the networks want it: links, addresses, packet rules, ports, names",
  args: noArguments,
  flags: {
    repair: bool("Make the kernel be as the networks want it"),
    quiet: bool("Say nothing; the exit code tells", { short: "q" }),
  },
  run: async ({ values, context }) => {
    const { networks } = await context.client();
    const { Found, Remaining } = await networks.check({ repair: values.repair });
    const remaining = new Set(Remaining.map(({ Problem }) => Problem));
    const lines = Found.map(({ Problem }) =>
      values.repair && !remaining.has(Problem) ? `repaired: ${Problem}` : Problem,
    );
    const found = new Set(Found.map(({ Problem }) => Problem));
    lines.push(...[...remaining].filter((problem) => !found.has(problem)));
    if (lines.length === 0) lines.push("The networks are as they should be");
    if (!values.quiet) context.stdout.write(`${lines.join("\n")}\n`);
    return Remaining.length === 0 ? undefined : 1;
  },
});
