/** One command of a page, with the lines that it is said to print. */
export interface Step {
  readonly line: number;
  readonly command: string;
  readonly expected: readonly string[];
}

/** Of the blocks ```console: a command stands behind `$ `, and a here-document goes on to its end. */
export function steps(markdown: string): Step[] {
  const found: { line: number; command: string; expected: string[] }[] = [];
  let inside = false;
  let until: string | undefined;
  for (const [index, text] of markdown.split("\n").entries()) {
    const last = found.at(-1);
    if (text.startsWith("```")) inside = text === "```console";
    else if (!inside) continue;
    else if (until !== undefined && last !== undefined) {
      last.command += `\n${text}`;
      if (text === until) until = undefined;
    } else if (text.startsWith("$ ")) {
      found.push({ line: index + 1, command: text.slice(2), expected: [] });
      until = /<<'(\w+)'/.exec(text)?.[1];
    } else last?.expected.push(text);
  }
  return found;
}

/** `…` stands for anything in a line, and for any lines where it is alone. */
export function matches(expected: readonly string[], actual: string): boolean {
  const quoted = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const lines = expected.map((line) =>
    line === "…" ? "(?:.*\n)*?" : `${line.split("…").map(quoted).join(".*")} *\n`,
  );
  const text = actual === "" || actual.endsWith("\n") ? actual : `${actual}\n`;
  return new RegExp(`^${lines.join("")}$`).test(text);
}

const MARK = "=== step";

/** All of them for one shell, so that variables, directories and jobs stay. */
export function script(all: readonly Step[]): string {
  const parts = all.map(({ command }, index) => `echo; echo '${MARK} ${index}'\n${command}\n`);
  return `set -m\n${parts.join("")}`;
}

/** What each step has printed. */
export const outputs = (stdout: string): string[] =>
  stdout.split(new RegExp(`\n?${MARK} \\d+\n`)).slice(1);
