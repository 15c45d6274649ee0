import type { AnyCommand, CommandContext } from "../cli/command.ts";
import { parseFlags } from "../cli/flags/parse-flags.ts";

/** Runs a command of the command line with these words, as if they had been typed. */
export async function delegate(
  load: () => Promise<{ command: AnyCommand }>,
  words: readonly string[],
  context: CommandContext,
): Promise<number> {
  const { command } = await load();
  const interspersed = command.flagsEndAtFirstArgument !== true;
  const parsed = parseFlags(command.flags, words, { interspersed });
  return (await command.run({ ...parsed, context })) ?? 0;
}

/** `--name value`, or nothing for an empty value. */
export const flagWords = (name: string, ...values: readonly string[]): string[] =>
  values.filter((value) => value !== "").flatMap((value) => [`--${name}=${value}`]);

/** The flag alone where it is on, `--name=false` where that differs from the default. */
export const boolWords = (name: string, value: boolean): string[] => [`--${name}=${value}`];
