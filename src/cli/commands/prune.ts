import type { CommandContext } from "../command.ts";
import { humanSize } from "../format/human-size.ts";
import { confirm } from "./confirm.ts";

export interface PruneResult {
  /** `Deleted Containers:`. */
  title: string;
  lines: readonly string[];
  /** Bytes; absent where nothing is counted. */
  reclaimed?: number;
}

/** Asks unless forced, prunes, and says what went. */
export async function prune(
  context: CommandContext,
  options: { force: boolean; warning: string; dryRun?: boolean },
  action: () => Promise<PruneResult>,
): Promise<undefined> {
  const question = `WARNING! ${options.warning}\nAre you sure you want to continue?`;
  if (!options.force && !(await confirm(context, question))) {
    return undefined;
  }
  const { title, lines, reclaimed } = await action();
  if (lines.length > 0) context.stdout.line(`${title}\n${lines.join("\n")}\n`);
  if (reclaimed !== undefined)
    context.stdout.line(
      `Total ${options.dryRun === true ? "reclaimable" : "reclaimed"} space: ${humanSize(reclaimed)}`,
    );
  return undefined;
}
