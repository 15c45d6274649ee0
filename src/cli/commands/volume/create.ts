import { CliError } from "../../cli-error.ts";
import { atMost, defineCommand } from "../../command.ts";
import { validateLabel } from "../../container-config/environment.ts";
import { bytes, list, map, splitPair, string } from "../../flags/flag-kinds.ts";

/** Flags of volumes of a swarm (CSI), which an engine outside of one refuses. */
const clusterFlags = {
  availability: string('Cluster Volume availability ("active", "pause", "drain")', {
    initial: "active",
  }),
  group: string("Cluster Volume group (cluster volumes)"),
  "limit-bytes": bytes("Minimum size of the Cluster Volume in bytes"),
  "required-bytes": bytes("Maximum size of the Cluster Volume in bytes"),
  scope: string('Cluster Volume access scope ("single", "multi")', { initial: "single" }),
  secret: map("Cluster Volume secrets", { shown: "map[]" }),
  sharing: string('Cluster Volume access sharing ("none", "readonly", "onewriter", "all")', {
    initial: "none",
  }),
  "topology-preferred": list("A topology that the Cluster Volume would be preferred in"),
  "topology-required": list("A topology that the Cluster Volume must be accessible from"),
  type: string('Cluster Volume access type ("mount", "block")', { initial: "block" }),
};

export const command = defineCommand({
  usage: "[OPTIONS] [VOLUME]",
  description: "Create a volume",
  args: atMost(1),
  flags: {
    ...clusterFlags,
    driver: string("Specify volume driver name", { short: "d", initial: "local" }),
    label: list("Set metadata for a volume", { validate: validateLabel }),
    name: string("Specify volume name", { hidden: true }),
    opt: map("Set driver specific options", { short: "o", shown: "map[]" }),
  },
  run: async ({ values, changed, args, context }) => {
    const [name = ""] = args;
    if (name !== "" && values.name !== "") {
      throw new CliError(
        "conflicting options: cannot specify a volume-name through both --name and as a positional arg",
      );
    }
    const { volumes, system } = await context.client();
    if (Object.keys(clusterFlags).some((flag) => changed.has(flag))) {
      await system.ask({ method: "GET", path: "/swarm" });
      throw new CliError("Cannot create a cluster volume: they are of swarms");
    }
    const created = await volumes.create({
      Name: name || values.name,
      Driver: values.driver,
      DriverOpts: { ...values.opt },
      Labels: Object.fromEntries(values.label.map(splitPair)),
    });
    context.stdout.line(created.Name);
    if (differs(values.opt, created.Options)) {
      context.stderr.line(
        `WARNING: volume ${created.Name} was there already and keeps its own options: ` +
          "remove it first if it is to have these",
      );
    }
    return undefined;
  },
});

/** Whether an engine that answers with the volume that it has was asked for something else. */
function differs(
  wanted: Readonly<Record<string, string>>,
  has: Readonly<Record<string, string>> | null,
): boolean {
  return Object.entries(wanted).some(([key, value]) => has?.[key] !== value);
}
