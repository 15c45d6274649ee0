export interface TabOptions {
  /** Least width of a column, its padding included. */
  minWidth: number;
  padding: number;
}

/** The layout of all of Docker's tables. */
export const DOCKER_TABLE: TabOptions = { minWidth: 10, padding: 3 };

/** Characters, not bytes: what a terminal advances by, East Asian width aside. */
const textWidth = (text: string): number =>
  // ASCII is by far the most common.
  /^[\x20-\x7e]*$/.test(text) ? text.length : [...text].length;

/**
 * Aligns cells that end in tabs, as Go's text/tabwriter: a column is a run of lines that have a cell
 * there, the text after the last tab of a line belongs to none.
 */
export function alignTabs(text: string, options: TabOptions = DOCKER_TABLE): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const widths = lines.map((cells) => new Array<number>(cells.length - 1).fill(0));
  const columns = Math.max(0, ...widths.map((row) => row.length));
  for (let column = 0; column < columns; column++) {
    for (let line = 0; line < lines.length; ) {
      if (column >= (widths[line]?.length ?? 0)) {
        line++;
        continue;
      }
      line = measureBlock(lines, widths, column, line, options);
    }
  }
  return lines
    .map((cells, line) =>
      cells
        .map((cell, column) => {
          const width = widths[line]?.[column];
          return width === undefined
            ? cell
            : cell + " ".repeat(Math.max(width - textWidth(cell), 0));
        })
        .join(""),
    )
    .join("\n");
}

/** Gives all cells of the run that starts at `first` their width; returns the line after it. */
function measureBlock(
  lines: readonly string[][],
  widths: readonly number[][],
  column: number,
  first: number,
  { minWidth, padding }: TabOptions,
): number {
  let end = first;
  let width = 0;
  for (; column < (widths[end]?.length ?? 0); end++) {
    const cell = textWidth(lines[end]?.[column] ?? "");
    width = Math.max(width, cell + padding, minWidth);
  }
  for (let line = first; line < end; line++) {
    const row = widths[line];
    if (row !== undefined) row[column] = width;
  }
  return end;
}
