import { defineCommand, exactly } from "../../command.ts";
import { ContextStore, checkContextName } from "../../connection/context-store.ts";
import { string } from "../../flags/flag-kinds.ts";
import { endpointFlag } from "./create.ts";
import { endpointOf } from "./endpoint-settings.ts";

export const command = defineCommand({
  usage: "[OPTIONS] CONTEXT",
  description: "Update a context",
  args: exactly(1),
  flags: { description: string("Description of the context"), docker: endpointFlag() },
  run: async ({ values, changed, args, context }) => {
    const [name = ""] = args;
    const store = new ContextStore(context.configDirectory);
    checkContextName(name);
    const metadata = store.read(name);
    if (changed.has("docker")) {
      const { docker, tls } = await endpointOf(values.docker, store, context);
      metadata.Endpoints = { ...metadata.Endpoints, docker };
      store.writeTls(name, tls);
    }
    if (values.description !== "") metadata.Metadata.Description = values.description;
    store.write(metadata);
    context.stdout.line(name);
    context.stderr.line(`Successfully updated context "${name}"`);
    return undefined;
  },
});
