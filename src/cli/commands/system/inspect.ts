import type { EngineClient } from "../../../client/index.ts";
import { EngineError } from "../../../spec/errors.ts";
import { CliError } from "../../cli-error.ts";
import { atLeast, defineCommand } from "../../command.ts";
import { failureText } from "../../describe-failure.ts";
import { bool, string } from "../../flags/flag-kinds.ts";
import { OBJECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { type Inspected, printInspected } from "../../format/inspect-format.ts";

type Inspect = (client: EngineClient, name: string, size: boolean) => Promise<unknown>;

/** In the order in which a name is tried. */
const TYPES: Record<string, Inspect> = {
  container: ({ containers }, name, size) => containers.inspect(name, { size }),
  image: ({ images }, name) => images.inspect(name),
  network: ({ networks }, name) => networks.inspect(name),
  volume: ({ volumes }, name) => volumes.inspect(name),
};

/** Docker's types that Berth has not: asked for, they are never found. */
const OTHER_TYPES = ["config", "node", "plugin", "secret", "service", "task"];

export const command = defineCommand({
  usage: "[OPTIONS] NAME|ID [NAME|ID...]",
  description: "Return low-level information on Docker objects",
  args: atLeast(1),
  flags: {
    format: string(OBJECT_FORMAT_USAGE, { short: "f" }),
    size: bool("Display total file sizes if the type is container", { short: "s" }),
    type: string("Only inspect objects of the given type"),
  },
  run: async ({ values, changed, args, context }) => {
    if (changed.has("type")) checkType(values.type);
    const client = await context.client();
    const types = values.type === "" ? Object.keys(TYPES) : [values.type];
    const results = await Promise.all(
      args.map((name) => inspectAny(client, name, types, values.size)),
    );
    return printInspected(context.stdout, results, values.format);
  },
});

function checkType(type: string): void {
  const known = [...Object.keys(TYPES), ...OTHER_TYPES].sort();
  if (type === "")
    throw new CliError(
      'type is empty: must be one of "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"',
    );
  if (known.includes(type)) return;
  const choice = known.map((each) => `"${each}"`).join(", ");
  throw new CliError(`unknown type: "${type}": must be one of ${choice}`);
}

async function inspectAny(
  client: EngineClient,
  name: string,
  types: readonly string[],
  size: boolean,
): Promise<Inspected> {
  for (const type of types) {
    const inspect = TYPES[type];
    if (inspect === undefined) continue;
    try {
      return { value: await inspect(client, name, size) };
    } catch (error) {
      if (!(error instanceof EngineError) || error.name === "ConnectionError") throw error;
      if (types.length === 1) return { missing: failureText(error) };
      // A name that is no valid reference can still be that of another type.
      if (error.kind !== "not-found" && error.kind !== "invalid-argument") {
        return { missing: failureText(error) };
      }
    }
  }
  return { missing: `Error: No such object: ${name}` };
}
