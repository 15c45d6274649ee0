/** The slack within which a line may be longer, so that no short word ends alone on the next. */
const SLOP = 5;
const LEAST_COLUMN = 24;
const BLOCK_INDENT = 16;

/**
 * Breaks a flag's description into lines, the way the flag library of Docker's CLI does: the first line
 * continues the one of the flag's name, the others are indented to the same column.
 *
 * @param indent column at which descriptions start.
 * @param width of the page; text is laid out unbroken where it leaves no room.
 */
export function wrapText(indent: number, width: number, text: string): string {
  let column = indent;
  let prefix = "";
  if (width - column < LEAST_COLUMN) {
    column = BLOCK_INDENT;
    prefix = `\n${" ".repeat(column)}`;
  }
  const room = width - column;
  if (room < LEAST_COLUMN) return text.replaceAll("\n", `\n${" ".repeat(column)}`);
  const lines: string[] = [];
  for (let rest = text; rest !== "" || lines.length === 0; ) {
    const [line, following] = takeLine(rest, room - SLOP);
    lines.push(line);
    rest = following;
    if (rest === "") break;
  }
  const newline = `\n${" ".repeat(column)}`;
  return prefix + lines.map((line) => line.replaceAll("\n", newline)).join(newline);
}

function takeLine(text: string, length: number): [line: string, rest: string] {
  if (length + SLOP > text.length) return [text, ""];
  const head = text.slice(0, length);
  const space = Math.max(head.lastIndexOf(" "), head.lastIndexOf("\t"), head.lastIndexOf("\n"));
  if (space <= 0) return [text, ""];
  const newline = head.lastIndexOf("\n");
  const at = newline > 0 && newline < space ? newline : space;
  return [text.slice(0, at), text.slice(at + 1)];
}
