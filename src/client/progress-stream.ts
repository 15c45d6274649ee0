import { EngineError, type ProgressMessage } from "../spec/index.ts";

/** Hands progress on until a message reports a failure, which is thrown with the daemon's words. */
export async function* failingProgress<Message extends object>(
  messages: AsyncIterable<Message>,
): AsyncGenerator<Message, void> {
  for await (const message of messages) {
    const { errorDetail, error }: Pick<ProgressMessage, "errorDetail" | "error"> = message;
    const failure = errorDetail?.message ?? error;
    if (failure !== undefined) throw new EngineError("internal", failure);
    yield message;
  }
}
