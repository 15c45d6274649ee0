import { parseTimestamp } from "../../../spec/timestamp.ts";
import { CliError } from "../../cli-error.ts";
import { type ArgumentRule, defineCommand, exactly } from "../../command.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { copyFrames } from "../../terminal/copy-frames.ts";

/** Docker's words where there is none; Berth takes several. */
const oneOrMore: ArgumentRule = (args, command) => {
  if (args.length === 0) exactly(1)(args, command);
};

export const command = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description:
    "Fetch the logs of a container\n\nLines of several containers come as they are written, each with its container's name.",
  aliases: ["container logs", "logs"],
  args: oneOrMore,
  flags: {
    details: bool("Show extra details provided to logs"),
    follow: bool("Follow log output", { short: "f" }),
    grep: string("Show only lines that match the regular expression"),
    since: string(
      'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    ),
    tail: string("Number of lines to show from the end of the logs", {
      short: "n",
      initial: "all",
    }),
    timestamps: bool("Show timestamps", { short: "t" }),
    until: string(
      'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    ),
  },
  run: async ({ values, args, context }) => {
    const [name = ""] = args;
    const tail = tailLines(values.tail);
    const query = {
      stdout: true,
      stderr: true,
      follow: values.follow,
      timestamps: values.timestamps,
      details: values.details,
      ...(values.since === "" ? {} : { since: instant(values.since, "since") }),
      ...(values.until === "" ? {} : { until: instant(values.until, "until") }),
      ...(tail === undefined ? {} : { tail }),
    };
    if (args.length > 1 || values.grep !== "") {
      const { logPattern, printLogLines } = await import("./log-lines.ts");
      const pattern = values.grep === "" ? {} : { pattern: logPattern(values.grep) };
      await printLogLines(context, args, { query, ...pattern });
      return undefined;
    }
    const { containers } = await context.client();
    const { multiplexed, chunks } = await containers.logs(name, query);
    // Daemons before API 1.42 do not say whether they frame the log.
    const framed = multiplexed ?? !(await containers.inspect(name)).Config.Tty;
    if (framed) await copyFrames(chunks, context.stdout, context.stderr);
    else for await (const chunk of chunks) await context.stdout.send(chunk);
    return undefined;
  },
});

/** undefined: all. Negative numbers mean all too. */
function tailLines(text: string): number | undefined {
  if (text === "all" || text === "") return undefined;
  if (!/^-?\d+$/.test(text)) return undefined;
  const lines = Number(text);
  return lines < 0 ? undefined : lines;
}

export function instant(text: string, flag: "since" | "until"): bigint {
  try {
    return parseTimestamp(text);
  } catch (error) {
    throw new CliError(
      `invalid value for "${flag}": failed to parse value as time or duration: "${text}"`,
      1,
      {
        cause: error,
      },
    );
  }
}
