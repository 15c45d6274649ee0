import { CliError } from "../../cli-error.ts";
import { defineCommand, exactly } from "../../command.ts";
import { ContextStore, checkContextName } from "../../connection/context-store.ts";
import { custom, string } from "../../flags/flag-kinds.ts";
import {
  type EndpointSettings,
  endpointOf,
  readSettings,
  storedEndpoint,
} from "./endpoint-settings.ts";

export const endpointFlag = () =>
  custom<EndpointSettings>("stringToString", "set the docker endpoint", {}, readSettings, {
    shown: "[]",
  });

export const command = defineCommand({
  usage: "[OPTIONS] CONTEXT",
  description: "Create a context",
  args: exactly(1),
  flags: {
    description: string("Description of the context"),
    docker: endpointFlag(),
    from: string("create context from a named context"),
  },
  run: async ({ values, changed, args, context }) => {
    const [name = ""] = args;
    const store = new ContextStore(context.configDirectory);
    checkContextName(name);
    if (store.has(name)) throw new CliError(`context "${name}" already exists`);
    if (changed.has("from") && changed.has("docker")) {
      throw new CliError("cannot use --docker flag when --from is set");
    }
    const { docker, tls } = changed.has("docker")
      ? await endpointOf(values.docker, store, context)
      : await storedEndpoint(values.from, store, context);
    const Metadata = values.description === "" ? {} : { Description: values.description };
    store.writeTls(name, tls);
    store.write({ Name: name, Metadata, Endpoints: { docker } });
    context.stdout.line(name);
    context.stderr.line(`Successfully created context "${name}"`);
    return undefined;
  },
});
