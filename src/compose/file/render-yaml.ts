type Value = string | number | boolean | null | undefined | Value[] | { [key: string]: Value };

/**
 * A value as YAML, in the style of Go's yaml.v3 that Docker's Compose writes: two spaces, lists indented
 * below their key, texts quoted only where they would be read as something else.
 */
export function renderYaml(value: Value): string {
  return isBlock(value) ? block(value, 0).join("\n") : inline(value, 0);
}

type Block = Value[] | { [key: string]: Value };

const isBlock = (value: Value): value is Block =>
  typeof value === "object" && value !== null && Object.keys(value).length > 0;

const pad = (depth: number): string => "  ".repeat(depth);

function block(value: Block, depth: number): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => listItem(item, depth));
  return Object.entries(value).flatMap(([key, item]) => {
    if (item === undefined) return [];
    const head = `${pad(depth)}${text(key, depth)}:`;
    return isBlock(item)
      ? [head, ...block(item, depth + 1)]
      : [`${head} ${inline(item, depth + 1)}`];
  });
}

function listItem(item: Value, depth: number): string[] {
  if (!isBlock(item)) return [`${pad(depth)}- ${inline(item, depth + 1)}`];
  const [first = "", ...rest] = block(item, depth + 1);
  return [`${pad(depth)}- ${first.slice((depth + 1) * 2)}`, ...rest];
}

function inline(value: Value, depth: number): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "[]";
  if (typeof value === "object") return "{}";
  return typeof value === "string" ? text(value, depth) : String(value);
}

const NUMBER =
  /^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*|(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const WORDS = /^(?:~|null|Null|NULL|true|True|TRUE|false|False|FALSE|\.nan|\.NaN|\.NAN|)$/;
const OLD_BOOLEANS = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/;
const DATE = /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|\s+)[0-9:.]+(?:\s*(?:Z|[-+][0-9:]+))?)?$/;
/** What cannot stand unquoted: an indicator at the start, `: ` or ` #` within, spaces at the ends. */
const NEEDS_QUOTES = /^[-?:](?:\s|$)|^[,[\]{}#&*!|>'"%@`]|: | #|:$|^\s|\s$|^---|^\.\.\./;
const UNPRINTABLE = /[\x00-\x08\x0b-\x1f\x7f\x80-\x84\x86-\x9f\ufeff]|\t/;

function text(value: string, depth: number): string {
  if (UNPRINTABLE.test(value)) return JSON.stringify(value);
  if (value.includes("\n")) return literal(value, depth);
  const other =
    NUMBER.test(value) || BASE_60.test(value) || WORDS.test(value) || OLD_BOOLEANS.test(value);
  if (other || DATE.test(value)) return JSON.stringify(value);
  return NEEDS_QUOTES.test(value) ? `'${value.replaceAll("'", "''")}'` : value;
}

function literal(value: string, depth: number): string {
  if (/[ \t]\n|[ \t]$/.test(value) || value.trim() === "") return JSON.stringify(value);
  const ends = value.endsWith("\n\n") ? "+" : value.endsWith("\n") ? "" : "-";
  const body = ends === "-" ? value : value.slice(0, -1);
  const hint = /^[ \n]/.test(value) ? "2" : "";
  const lines = body.split("\n").map((line) => (line === "" ? "" : pad(Math.max(1, depth)) + line));
  return `|${hint}${ends}\n${lines.join("\n")}`;
}
