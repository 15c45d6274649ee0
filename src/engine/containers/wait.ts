import type { ContainerWaitCondition, ContainerWaitResponse } from "../../spec/index.ts";
import type { Clock } from "../clock.ts";
import type { EngineContext } from "../context.ts";

/** Registers a wait; its result follows when the condition holds, or rejects when the caller has gone. */
export async function waitContainer(
  context: EngineContext,
  ref: string,
  condition: ContainerWaitCondition,
  signal: AbortSignal,
): Promise<{ result: Promise<ContainerWaitResponse> }> {
  const result = context.containers.get(ref).wait(condition, signal);
  return {
    result: result.then(({ exitCode, error }) => ({
      StatusCode: exitCode,
      ...(error === undefined ? {} : { Error: { Message: error } }),
    })),
  };
}

/** Did it settle in time? Milliseconds; negative waits for ever. */
export async function waitAtMost(
  clock: Clock,
  promise: Promise<unknown>,
  milliseconds: number,
): Promise<boolean> {
  if (milliseconds < 0) {
    await promise;
    return true;
  }
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const cancel = clock.after(Math.min(milliseconds, 2 ** 31 - 1), () => resolve(false));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    cancel();
  }
}
