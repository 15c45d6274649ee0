import type { SystemInfo } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import { type CommandContext, defineCommand, noArguments } from "../../command.ts";
import { failureText } from "../../describe-failure.ts";
import { string } from "../../flags/flag-kinds.ts";
import { OBJECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { clientInfo } from "./client-info.ts";
import { serverInfoText } from "./info-text.ts";

const PARSE_ERROR = 64;

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Display system-wide information",
  aliases: ["system info", "info"],
  args: noArguments,
  flags: { format: string(OBJECT_FORMAT_USAGE, { short: "f" }) },
  run: async ({ values, context }) => {
    if (values.format !== "") return printFormatted(context, values.format);
    const { Version, Context } = await clientInfo(context);
    context.stdout.write(
      `Client:\n Version:    ${Version}\n Context:    ${Context}\n Debug Mode: false\n\nServer:\n`,
    );
    const info = await (await context.client()).system.info();
    context.stdout.write(serverInfoText(info));
    context.stdout.line("");
    for (const warning of info.Warnings ?? []) context.stderr.line(warning);
    return undefined;
  },
});

async function printFormatted(context: CommandContext, format: string): Promise<undefined> {
  let info: SystemInfo | undefined;
  let failure: unknown;
  try {
    info = await (await context.client()).system.info();
  } catch (error) {
    failure = error;
  }
  const { DefaultAPIVersion, ApiVersion: _, ...client } = await clientInfo(context);
  const data = {
    ...info,
    ClientInfo: { Debug: false, ...client, DefaultAPIVersion, Plugins: [], Warnings: null },
    ...(failure === undefined ? {} : { ServerErrors: [failureText(failure)] }),
  };
  if (format === "json") context.stdout.line(JSON.stringify(data));
  else await writeTemplated(context, format, data);
  if (failure !== undefined && !format.includes(".ClientInfo")) {
    throw new CliError(failureText(failure), 1, { cause: failure });
  }
  return undefined;
}

async function writeTemplated(
  { stdout }: CommandContext,
  format: string,
  data: object,
): Promise<void> {
  const { goType, parseTemplate } = await import("../../format/go-template/index.ts");
  let template: ReturnType<typeof parseTemplate>;
  try {
    template = parseTemplate(format);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`template parsing error: ${why}`, PARSE_ERROR, { cause: error });
  }
  const { asGoStructs } = await import("../../format/inspect-shape.ts");
  const typed = Object.assign(asGoStructs(data) as object, { [goType]: "system.dockerInfo" });
  try {
    stdout.write(template.execute(typed));
  } finally {
    stdout.line("");
  }
}
