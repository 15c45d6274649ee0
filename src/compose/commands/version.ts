import { defineCommand, noArguments } from "../../cli/command.ts";
import { bool, string } from "../../cli/flags/flag-kinds.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Show the Docker Compose version information",
  args: noArguments,
  flags: {
    format: string("Format the output. Values: [pretty | json].", {
      short: "f",
      initial: "pretty",
    }),
    short: bool("Shows only Compose's version number"),
  },
  run: ({ values, context }) => {
    const { version } = context.build;
    if (values.short) context.stdout.line(version);
    else if (values.format === "json") context.stdout.line(JSON.stringify({ version }));
    else context.stdout.line(`Berth Compose version ${version}`);
    return Promise.resolve(0);
  },
});
