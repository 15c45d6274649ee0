import type { ClusterNode } from "../../../spec/index.ts";
import { defineCommand, noArguments } from "../../command.ts";
import { bool, filter, string, toFilters } from "../../flags/flag-kinds.ts";
import { LIST_FORMAT_USAGE } from "../../format/format-flag.ts";
import { type ListSpec, printList } from "../../format/list-format.ts";
import { goTimeUtc } from "../../format/time.ts";

/** Characters of an id that are shown. */
const SHORT = 12;

export const command = defineCommand({
  usage: "[OPTIONS]",
  description: "List the hosts of the cluster",
  aliases: ["node ls", "node list"],
  args: noArguments,
  flags: {
    filter: filter("Filter output based on conditions provided", { short: "f" }),
    format: string(LIST_FORMAT_USAGE),
    quiet: bool("Only display IDs", { short: "q" }),
  },
  run: async ({ values, context }) => {
    const { id = [], name = [] } = toFilters(values.filter);
    const nodes = (await (await context.client()).networks.nodes()).filter(
      ({ ID, Hostname }) =>
        (id.length === 0 || id.some((start) => ID.startsWith(start))) &&
        (name.length === 0 || name.some((part) => Hostname.includes(part))),
    );
    await printList(context.stdout, NODES, nodes, {
      format: values.format || "",
      ...(values.quiet ? { quietField: "ID" } : {}),
    });
    return undefined;
  },
});

const NODES: ListSpec<ClusterNode> = {
  typeName: "*node.nodeContext",
  headings: {
    ID: "ID",
    Hostname: "HOSTNAME",
    Address: "ADDRESS",
    EngineVersion: "VERSION",
    Started: "STARTED",
    Lease: "LEASE",
  },
  columns: ["ID", "Hostname", "Address", "EngineVersion", "Started", "Lease"],
  raw: "id: {{.ID}}\nhostname: {{.Hostname}}\naddress: {{.Address}}\nversion: {{.EngineVersion}}\n",
  row: ({ ID, Hostname, Address, EngineVersion, Started, Lease }) => ({
    ID: ID.slice(0, SHORT),
    Hostname,
    Address,
    EngineVersion,
    Started: goTimeUtc(Started),
    Lease: `${Lease}s`,
  }),
};
