import type { SystemVersion } from "../../../spec/index.ts";
import { CliError } from "../../cli-error.ts";
import { type CommandContext, defineCommand, noArguments } from "../../command.ts";
import { failureText } from "../../describe-failure.ts";
import { string } from "../../flags/flag-kinds.ts";
import { OBJECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { alignTabs } from "../../format/tab-writer.ts";
import { type ClientInfo, clientInfo } from "./client-info.ts";

const PARSE_ERROR = 64;

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "Show the Berth version information",
  args: noArguments,
  flags: { format: string(OBJECT_FORMAT_USAGE, { short: "f" }) },
  run: async ({ values, context }) => {
    const execute = await templateFor(values.format);
    let server: SystemVersion | undefined;
    let failure: unknown;
    try {
      server = await (await context.client()).system.version();
    } catch (error) {
      failure = error;
    }
    const client = await clientInfo(context, server?.ApiVersion);
    if (values.format === "json") {
      context.stdout.line(JSON.stringify({ Client: client, Server: server ?? null }));
    } else if (execute === undefined) {
      context.stdout.write(versionText(client, server));
    } else {
      await print(context, execute, client, server);
    }
    if (failure !== undefined) {
      throw new CliError(failureText(failure), 1, { cause: failure });
    }
    return undefined;
  },
});

type Execute = (data: unknown) => string;

async function templateFor(format: string): Promise<Execute | undefined> {
  if (format === "" || format === "json") return undefined;
  const { parseTemplate } = await import("../../format/go-template/index.ts");
  try {
    const template = parseTemplate(format, "version");
    return (data) => template.execute(data);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`template parsing error: ${why}`, PARSE_ERROR, { cause: error });
  }
}

async function print(
  { stdout }: CommandContext,
  execute: Execute,
  client: ClientInfo,
  server: SystemVersion | undefined,
): Promise<void> {
  const { goType } = await import("../../format/go-template/index.ts");
  const data = {
    [goType]: "system.versionInfo",
    Client: withGoName(client),
    Server: server === undefined ? null : withGoName(server),
  };
  try {
    stdout.write(execute(data));
  } finally {
    stdout.line("");
  }
}

/** Go's field is named APIVersion; JSON says ApiVersion. */
function withGoName<T extends { ApiVersion: string }>(version: T): T {
  return Object.defineProperty({ ...version }, "APIVersion", {
    value: version.ApiVersion,
    enumerable: false,
  });
}

function versionText(client: ClientInfo, server: SystemVersion | undefined): string {
  const downgraded =
    client.ApiVersion === client.DefaultAPIVersion
      ? ""
      : ` (downgraded from ${client.DefaultAPIVersion})`;
  const lines = [
    "Client:",
    ` Version:\t${client.Version}`,
    ` API version:\t${client.ApiVersion}${downgraded}`,
    runtimeLine(client.GoVersion),
    ` Git commit:\t${client.GitCommit}`,
    ` Built:\t${buildTime(client.BuildTime)}`,
    ` OS/Arch:\t${client.Os}/${client.Arch}`,
    ` Context:\t${client.Context}`,
    ...(server === undefined ? [] : serverLines(server)),
    "",
  ];
  return alignTabs(lines.join("\n"), { minWidth: 20, padding: 1 });
}

function serverLines(server: SystemVersion): string[] {
  const platform = server.Platform?.Name ?? "";
  const components = server.Components ?? [
    { Name: "Engine", Version: server.Version, Details: engineDetails(server) },
  ];
  return [
    "",
    platform === "" ? "Server:" : `Server: ${platform}`,
    ...components.flatMap(({ Name, Version, Details }) => [
      ` ${Name}:`,
      `  Version:\t${Version}`,
      ...(Name === "Engine" ? engineLines(Details ?? {}) : detailLines(Details ?? {})),
    ]),
  ];
}

/** The API's one field for the language says `go1.24.3` or `bun1.4.5`. */
function runtimeLine(runtime: string): string {
  return runtime.startsWith("bun")
    ? ` Bun version:\t${runtime.slice("bun".length)}`
    : ` Go version:\t${runtime}`;
}

function engineDetails(server: SystemVersion): Record<string, string> {
  return {
    ApiVersion: server.ApiVersion,
    MinAPIVersion: server.MinAPIVersion,
    GoVersion: server.GoVersion,
    GitCommit: server.GitCommit,
    BuildTime: server.BuildTime,
    Os: server.Os,
    Arch: server.Arch,
    Experimental: String(server.Experimental ?? false),
  };
}

function engineLines(details: Readonly<Record<string, string>>): string[] {
  const runtime = details["GoVersion"] ?? "";
  return [
    `  API version:\t${details["ApiVersion"]} (minimum version ${details["MinAPIVersion"]})`,
    ` ${runtimeLine(runtime)}`,
    `  Git commit:\t${details["GitCommit"] ?? ""}`,
    `  Built:\t${buildTime(details["BuildTime"] ?? "")}`,
    `  OS/Arch:\t${details["Os"]}/${details["Arch"]}`,
    `  Experimental:\t${details["Experimental"] ?? "false"}`,
  ];
}

const detailLines = (details: Readonly<Record<string, string>>): string[] =>
  Object.entries(details)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `  ${name}:\t${value}`);

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Go's time.ANSIC, `Fri May 30 12:07:14 2025`; what is no instant stays as it is. */
function buildTime(text: string): string {
  const date = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(date.getTime())) return text;
  const day = String(date.getUTCDate()).padStart(2, " ");
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${date.toISOString().slice(11, 19)} ${date.getUTCFullYear()}`;
}
