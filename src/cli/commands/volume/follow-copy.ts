import type { ProgressMessage } from "../../../spec/index.ts";
import type { CommandContext } from "../../command.ts";
import { showProgress } from "../../progress/show-progress.ts";
import { isTerminal } from "../../terminal/is-terminal.ts";

/** Waits for a copy to end; in a terminal, with how far it is. Returns what it said last. */
export async function followCopy(
  context: CommandContext,
  messages: AsyncIterable<ProgressMessage>,
): Promise<ProgressMessage> {
  let last: ProgressMessage = {};
  async function* noted() {
    for await (const message of messages) {
      last = message;
      yield message;
    }
  }
  if (isTerminal(context.stderr.fd)) await showProgress(context, context.stderr, noted());
  else for await (const _ of noted());
  return last;
}
