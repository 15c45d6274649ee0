import type { CommandContext } from "../command.ts";

/** Asks before something is destroyed; everything but `y` and `yes` is a no. */
export async function confirm(context: CommandContext, question: string): Promise<boolean> {
  context.stdout.write(`${question} [y/N] `);
  await context.stdout.flush();
  let answer = "";
  const decoder = new TextDecoder();
  for await (const chunk of Bun.stdin.stream()) {
    answer += decoder.decode(chunk, { stream: true });
    if (answer.includes("\n")) break;
  }
  return /^y(?:es)?$/i.test(answer.split("\n")[0]?.trim() ?? "");
}
