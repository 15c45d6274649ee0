import { CliError } from "../../cli/cli-error.ts";
import { defineCommand } from "../../cli/command.ts";
import { containerRow } from "../../cli/commands/container/container-list.ts";
import { bool, list, splitPair, string } from "../../cli/flags/flag-kinds.ts";
import { type ListSpec, printList } from "../../cli/format/list-format.ts";
import { containersOf } from "../find-container.ts";
import { openRunning } from "../open-project.ts";
import type { ServiceContainer } from "../state/project-state.ts";
import { anyArguments } from "./up.ts";

const STATES = ["paused", "restarting", "removing", "running", "dead", "created", "exited"];

export const command = defineCommand({
  usage: "[OPTIONS] [SERVICE...]",
  description: "List containers",
  args: anyArguments,
  flags: {
    all: bool("Show all stopped containers (including those created by the run command)", {
      short: "a",
    }),
    filter: string("Filter services by a property (supported filters: status)"),
    format: string("Format output using a custom template", { initial: "table" }),
    "no-trunc": bool("Don't truncate output"),
    orphans: bool("Include orphaned services (not declared by project)", { initial: true }),
    quiet: bool("Only display IDs", { short: "q" }),
    services: bool("Display services"),
    status: list(
      "Filter services by status. Values: [paused | restarting | removing | running | dead | created | exited]",
    ),
  },
  run: async ({ values, args, context }) => {
    const { context: work } = await openRunning(context, "", args);
    const wanted = statuses(values.filter, values.status);
    const found = await containersOf(work, args, {
      all: values.all || wanted.length > 0,
      oneOff: values.all,
    });
    const shown = found
      .filter(({ state }) => wanted.length === 0 || wanted.includes(state))
      .filter(({ service }) => values.orphans || service in work.project.services)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    if (values.services) {
      for (const service of new Set(shown.map((each) => each.service)))
        context.stdout.line(service);
      return 0;
    }
    const spec = psList(!values["no-trunc"], work.project.name);
    await printList(context.stdout, spec, shown, {
      format: values.format,
      ...(values.quiet ? { quietField: "ID" } : {}),
    });
    return 0;
  },
});

function statuses(filter: string, given: readonly string[]): string[] {
  if (filter === "") return checked(given);
  const [key, value] = splitPair(filter);
  if (key !== "status")
    throw new CliError(
      `arguments to --filter should be in form KEY=VAL, and KEY "status": got ${filter}`,
    );
  return checked([...given, value]);
}

function checked(states: readonly string[]): string[] {
  const wrong = states.find((state) => !STATES.includes(state));
  if (wrong !== undefined)
    throw new CliError(`unknown status "${wrong}": use one of ${STATES.join(", ")}`);
  return [...states];
}

function psList(truncate: boolean, project: string): ListSpec<ServiceContainer> {
  return {
    typeName: "*formatter.ContainerContext",
    headings: {
      ID: "CONTAINER ID",
      Name: "NAME",
      Names: "NAMES",
      Image: "IMAGE",
      Command: "COMMAND",
      Service: "SERVICE",
      RunningFor: "CREATED",
      CreatedAt: "CREATED AT",
      Status: "STATUS",
      Ports: "PORTS",
      State: "STATE",
      Health: "HEALTH",
      ExitCode: "EXIT CODE",
      Project: "PROJECT",
      Publishers: "PUBLISHERS",
      Labels: "LABELS",
      Size: "SIZE",
      Mounts: "MOUNTS",
      LocalVolumes: "LOCAL VOLUMES",
      Networks: "NETWORKS",
    },
    columns: ["Name", "Image", "Command", "Service", "RunningFor", "Status", "Ports"],
    row: ({ name, service, summary }) => ({
      ...containerRow(summary, truncate),
      ID: summary.Id,
      Name: name,
      Service: service,
      Project: project,
      Health:
        /\((healthy|unhealthy|health: starting)\)/
          .exec(summary.Status)?.[1]
          ?.replace("health: ", "") ?? "",
      ExitCode: Number(/^Exited \((\d+)\)/.exec(summary.Status)?.[1] ?? 0),
      Publishers: (summary.Ports ?? []).map(({ IP = "", PrivatePort, PublicPort = 0, Type }) => ({
        URL: IP,
        TargetPort: PrivatePort,
        PublishedPort: PublicPort,
        Protocol: Type,
      })),
    }),
  };
}
