import type { Flag, Flags } from "../flags/flag.ts";
import { wrapText } from "./wrap-text.ts";

/** The table of flags on a help page, sorted by name, without its heading. */
export function flagTable(flags: Flags, width: number): string {
  const rows = Object.entries(flags)
    .filter(([, flag]) => flag.hidden !== true)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => ({ head: flagHead(name, flag), text: flagText(flag) }));
  const longest = Math.max(0, ...rows.map(({ head }) => head.length));
  const indent = longest + 3;
  return rows
    .map(({ head, text }) => `${head.padEnd(indent)}${wrapText(indent, width, text)}\n`)
    .join("");
}

function flagHead(name: string, { short, type }: Flag<unknown>): string {
  const names = short === undefined ? `      --${name}` : `  -${short}, --${name}`;
  return type === "" ? names : `${names} ${type}`;
}

const flagText = ({ usage, defaultText }: Flag<unknown>): string =>
  defaultText === undefined ? usage : `${usage} (default ${defaultText})`;
