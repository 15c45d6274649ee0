import { EngineError } from "../../spec/errors.ts";
import type { CommandContext } from "../command.ts";
import { failureText } from "../describe-failure.ts";
import { type Inspected, printInspected } from "../format/inspect-format.ts";

/** Inspects every argument and prints the results; a failure of one does not spare the others. */
export async function inspectEach(
  context: CommandContext,
  args: readonly string[],
  format: string,
  inspect: (name: string) => Promise<unknown>,
): Promise<undefined> {
  const results = await Promise.all(
    args.map(async (name): Promise<Inspected> => {
      try {
        return { value: await inspect(name) };
      } catch (error) {
        if (!(error instanceof EngineError) || error.name === "ConnectionError") throw error;
        return { missing: failureText(error) };
      }
    }),
  );
  return printInspected(context.stdout, results, format);
}
