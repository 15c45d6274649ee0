import type { ContainerCreateRequest } from "../../../spec/index.ts";
import { atLeast, defineCommand } from "../../command.ts";
import { containerFlags } from "../../container-config/container-flags.ts";
import { createRequest } from "../../container-config/create-request.ts";
import { createContainer } from "./create-container.ts";
import { checkPullPolicy, containerFailure } from "./run-failure.ts";

export const command = defineCommand({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  description: "Create a new container",
  aliases: ["container create", "create"],
  args: atLeast(1),
  flags: containerFlags,
  flagsEndAtFirstArgument: true,
  run: async ({ values, changed, args, context }) => {
    let request: ContainerCreateRequest;
    try {
      checkPullPolicy(values.pull);
      const { environment } = context;
      request = await createRequest({ values, changed, args, environment });
    } catch (error) {
      throw containerFailure(error, "create");
    }
    const { Id } = await createContainer(context, values, request);
    context.stdout.line(Id);
    return undefined;
  },
});
