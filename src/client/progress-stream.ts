import { EngineError, type ProgressMessage } from "../spec/index.ts";

/** Hands progress on until a message reports a failure, which is thrown with the daemon's words. */
export async function* failingProgress(
  messages: AsyncIterable<ProgressMessage>,
): AsyncGenerator<ProgressMessage, void> {
  for await (const message of messages) {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) throw new EngineError("internal", failure);
    yield message;
  }
}
