import type { CommandContext } from "../../command.ts";
import { credentialsFor } from "../../connection/registry-credentials.ts";
import type { Output } from "../../output.ts";
import { showProgress } from "../../progress/show-progress.ts";

/** Pulls an image with the user's credentials and shows how it advances; without output, quietly. */
export async function pullImage(
  context: CommandContext,
  reference: string,
  options: { platform: string; output?: Output },
): Promise<void> {
  const { images } = await context.client();
  const auth = await credentialsFor(await context.config(), reference);
  const messages = await images.pull({
    reference,
    ...(options.platform === "" ? {} : { platform: options.platform }),
    ...(auth === undefined ? {} : { auth }),
  });
  if (options.output !== undefined) {
    await showProgress(context, options.output, messages);
    return;
  }
  for await (const _ of messages) {
    // Read to the end: a failure comes as a message.
  }
}
