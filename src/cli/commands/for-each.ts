import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { failureText } from "../describe-failure.ts";

const PARALLEL = 50;

/**
 * Does the same to every argument, several at once, and prints what each gives in the arguments' order.
 * One failure does not spare the others; all are reported at the end.
 *
 * @param action gives the line to print; undefined: nothing.
 */
export async function forEachArgument(
  args: readonly string[],
  context: CommandContext,
  action: (argument: string) => Promise<string | undefined>,
): Promise<undefined> {
  const failures: string[] = [];
  const started: Promise<string | undefined>[] = [];
  const start = (index: number): void => {
    const argument = args[index];
    if (argument === undefined) return;
    const result = action(argument);
    // Awaited below, in order; until then a failure must not count as unhandled.
    result.catch(() => {});
    started[index] = result;
  };
  for (let index = 0; index < Math.min(args.length, PARALLEL); index++) start(index);
  for (let index = 0; index < args.length; index++) {
    try {
      const line = await started[index];
      if (line !== undefined) context.stdout.line(line);
    } catch (error) {
      failures.push(failureText(error));
    }
    start(index + PARALLEL);
  }
  if (failures.length > 0) throw new CliError(failures.join("\n"));
  return undefined;
}
