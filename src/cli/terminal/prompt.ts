import type { CommandContext } from "../command.ts";

const STDIN = 0;
const BACKSPACES = new Set([8, 127]);
const INTERRUPT = 3;

/**
 * Asks for one line on the terminal.
 *
 * @param hidden the answer is not echoed: a password.
 */
export async function prompt(
  context: CommandContext,
  question: string,
  options: { hidden: boolean },
): Promise<string> {
  context.stdout.write(question);
  await context.stdout.flush();
  const restore = options.hidden ? (await context.terminal()).makeRaw(STDIN) : () => {};
  try {
    return await readLine();
  } finally {
    restore();
    if (options.hidden) context.stdout.line("");
  }
}

async function readLine(): Promise<string> {
  const bytes: number[] = [];
  const reader = Bun.stdin.stream().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      for (const byte of value) {
        if (byte === 10 || byte === 13) return Buffer.from(bytes).toString();
        if (byte === INTERRUPT) throw new Error("");
        if (BACKSPACES.has(byte)) bytes.pop();
        else bytes.push(byte);
      }
    }
  } finally {
    reader.releaseLock();
  }
  return Buffer.from(bytes).toString();
}
