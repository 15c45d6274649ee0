import { defineCommand, noArguments } from "../../command.ts";
import { ContextStore, DEFAULT_CONTEXT } from "../../connection/context-store.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";
import {
  currentContext,
  defaultHost,
  hostVariable,
  overridingVariable,
} from "./current-context.ts";

interface ContextRow {
  name: string;
  description: string;
  host: string;
  current: boolean;
}

const TABLE =
  "table {{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "List contexts",
  aliases: ["context ls", "context list"],
  args: noArguments,
  flags: {
    format: string(LIST_FORMAT_USAGE),
    quiet: bool("Only show context names", { short: "q" }),
  },
  run: async ({ values, context }) => {
    const current = await currentContext(context);
    const stored = new ContextStore(context.configDirectory).list();
    const rows: ContextRow[] = [
      ...stored.map(({ Name, Metadata, Endpoints }) => ({
        name: Name,
        description: Metadata.Description ?? "",
        host: Endpoints.docker?.Host ?? "",
        current: Name === current,
      })),
      {
        name: DEFAULT_CONTEXT,
        description: "Current DOCKER_HOST based configuration",
        host: defaultHost(context),
        current: current === DEFAULT_CONTEXT,
      },
    ];
    rows.sort((a, b) => (a.name < b.name ? -1 : 1));
    const format = values.format || TABLE;
    if (values.quiet) context.stdout.write(rows.map(({ name }) => `${name}\n`).join(""));
    else
      await printList(context.stdout, contextList, rows, {
        format: format === "table" ? TABLE : format,
      });
    if (
      hostVariable(context) !== undefined &&
      context.globals.values.host.length === 0 &&
      !values.quiet
    ) {
      const variable = overridingVariable(context);
      context.stderr.line(
        `Warning: ${variable} environment variable overrides the active context. To use a context, either set the global --context flag, or unset ${variable} environment variable.`,
      );
    }
    return undefined;
  },
});

const contextList: ListSpec<ContextRow> = {
  typeName: "*formatter.clientContextContext",
  headings: {
    Current: "",
    Description: "DESCRIPTION",
    DockerEndpoint: "DOCKER ENDPOINT",
    Error: "ERROR",
    Name: "NAME",
  },
  columns: ["Name", "Description", "DockerEndpoint", "Error"],
  row: ({ name, description, host, current }) => ({
    Current: current,
    Description: description,
    DockerEndpoint: host,
    Error: "",
    Name: name,
  }),
};
