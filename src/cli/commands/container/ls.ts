import type { ContainerSummary } from "../../../spec/index.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, int, string, toFilters } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { printList } from "../../format/list-format.ts";
import { containerList, containerRow } from "./container-list.ts";

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "List containers",
  aliases: ["container ls", "container list", "container ps", "ps"],
  args: noArguments,
  flags: {
    all: bool("Show all containers (default shows just running)", { short: "a" }),
    filter: filter("Filter output based on conditions provided", { short: "f" }),
    format: string(LIST_FORMAT_USAGE),
    last: int("Show n last created containers (includes all states)", { short: "n", initial: -1 }),
    latest: bool("Show the latest created container (includes all states)", { short: "l" }),
    "no-trunc": bool("Don't truncate output"),
    quiet: bool("Only display container IDs", { short: "q" }),
    size: bool("Display total file sizes", { short: "s" }),
  },
  run: async ({ values, changed, context }) => {
    const format = values.format || (values.quiet ? "" : ((await context.config()).psFormat ?? ""));
    const size = (await readsSize(format)) && !changed.has("size") ? true : values.size;
    const limit = values.latest && !changed.has("last") ? 1 : values.last;
    const client = await context.client();
    const containers = await client.containers.list({
      all: values.all,
      size,
      filters: toFilters(values.filter),
      ...(limit > 0 ? { limit } : {}),
    });
    const spec = containerList({ truncate: !values["no-trunc"], size: values.size });
    await printList(context.stdout, spec, containers, {
      format,
      ...(values.quiet ? { quietField: "ID" } : {}),
    });
    return undefined;
  },
});

/**
 * Sizes are asked for where the template prints them: the daemon has to add them up. The whole format,
 * `table` included, is tried on an empty row, so that mistakes show before the daemon is asked.
 */
async function readsSize(format: string): Promise<boolean> {
  if (!format.includes("{{")) return false;
  const { goType, parseTemplate } = await import("../../format/go-template/index.ts");
  const { templateFailure } = await import("../../format/list-format.ts");
  try {
    const template = parseTemplate(format.replaceAll("\\t", "\t").replaceAll("\\n", "\n"));
    const row = containerRow(NO_CONTAINER, true);
    template.execute(Object.assign(row, { [goType]: "*formatter.ContainerContext" }));
    return template.readsField("Size");
  } catch (error) {
    throw templateFailure(error);
  }
}

const NO_CONTAINER: ContainerSummary = {
  Id: "",
  Names: [],
  Image: "",
  ImageID: "",
  Command: "",
  Created: 0,
  Ports: [],
  Labels: {},
  State: "created",
  Status: "",
  HostConfig: { NetworkMode: "" },
  NetworkSettings: { Networks: {} },
  Mounts: [],
};
