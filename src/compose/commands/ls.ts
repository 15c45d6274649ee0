import { defineCommand, noArguments } from "../../cli/command.ts";
import { bool, filter, string, toFilters } from "../../cli/flags/flag-kinds.ts";
import { type ListSpec, printList } from "../../cli/format/list-format.ts";
import { LABEL } from "../model/labels.ts";

interface RunningProject {
  name: string;
  states: string[];
  files: string;
}

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "List running compose projects",
  args: noArguments,
  flags: {
    all: bool("Show all stopped Compose projects", { short: "a" }),
    filter: filter("Filter output based on conditions provided"),
    format: string("Format the output. Values: [table | json]", { initial: "table" }),
    quiet: bool("Only display project names", { short: "q" }),
  },
  run: async ({ values, context }) => {
    const { containers } = await context.client();
    const names = toFilters(values.filter)["name"] ?? [];
    const found = await containers.list({ all: values.all, filters: { label: [LABEL.project] } });
    const projects = new Map<string, RunningProject>();
    for (const { Labels, State } of found) {
      const name = Labels[LABEL.project] ?? "";
      const project = projects.get(name) ?? {
        name,
        states: [],
        files: Labels[LABEL.configFiles] || "N/A",
      };
      project.states.push(State);
      projects.set(name, project);
    }
    const shown = [...projects.values()]
      .filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    if (values.format === "json" && !values.quiet) {
      const rows = shown.map((each) => ({
        Name: each.name,
        Status: status(each),
        ConfigFiles: each.files,
      }));
      context.stdout.line(JSON.stringify(rows));
      return 0;
    }
    await printList(context.stdout, LIST, shown, {
      format: values.format,
      ...(values.quiet ? { quietField: "Name" } : {}),
    });
    return 0;
  },
});

/** `running(2), exited(1)`. */
function status({ states }: RunningProject): string {
  const counts = new Map<string, number>();
  for (const state of states.sort()) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${state}(${count})`).join(", ");
}

const LIST: ListSpec<RunningProject> = {
  typeName: "*formatter.projectContext",
  headings: { Name: "NAME", Status: "STATUS", ConfigFiles: "CONFIG FILES" },
  columns: ["Name", "Status", "ConfigFiles"],
  row: (project) => ({ Name: project.name, Status: status(project), ConfigFiles: project.files }),
};
