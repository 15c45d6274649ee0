import type { Escape } from "./ast.ts";

/** Words that spaces part; quotes group, and stay: variables are put in later. */
export function splitWords(text: string, mark: Escape): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  let started = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (character === mark && quote !== "'") {
      // An escape character at the very end escapes nothing.
      if (at + 1 === text.length) break;
      at += 1;
      word += character + text[at];
      started = true;
    } else if (quote === "" && /\s/.test(character)) {
      if (started) words.push(word);
      word = "";
      started = false;
    } else {
      if (quote === character) quote = "";
      else if (quote === "" && (character === '"' || character === "'")) quote = character;
      word += character;
      started = true;
    }
  }
  if (started) words.push(word);
  return words;
}

/** `--name=value` words at the front, without their quotes, and what follows them. */
export function splitFlags(
  text: string,
  mark: Escape,
): { readonly flags: readonly string[]; readonly rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && /\s/.test(text[at] ?? "")) at += 1;
    if (!text.startsWith("--", at)) return { flags, rest: text.slice(at).trim() };
    const word = readFlag(text, at, mark);
    at = word.end;
    if (word.text === "--") return { flags, rest: text.slice(at).trim() };
    flags.push(word.text);
  }
}

function readFlag(text: string, start: number, mark: string): { text: string; end: number } {
  let word = "";
  let quote = "";
  let at = start;
  for (; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (quote === "" && /\s/.test(character)) break;
    if (character === mark) {
      at += 1;
      word += text[at] ?? "";
    } else if (character === quote) quote = "";
    else if (quote === "" && (character === '"' || character === "'")) quote = character;
    else word += character;
  }
  return { text: word, end: at };
}

/** `["a", "b"]`: its strings; `not-strings` for another array; nothing for any other text. */
export function readJsonForm(text: string): readonly string[] | "not-strings" | undefined {
  if (!text.startsWith("[")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  return value.every((each) => typeof each === "string") ? value : "not-strings";
}
