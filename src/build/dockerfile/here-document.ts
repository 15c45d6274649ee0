import { ExpansionError, expandWord } from "./expand-word.ts";

/** `<<EOF`, `<<-EOF`, `3<<"EOF"`: what stands in the instruction's line. */
export interface HereDocumentWord {
  readonly name: string;
  /** False where a part of the delimiter is quoted. */
  readonly expands: boolean;
  /** `<<-`: leading tabs are taken off. */
  readonly stripsTabs: boolean;
}

export interface HereDocument extends HereDocumentWord {
  /** As it stands in the file, with the last newline. */
  readonly raw: string;
}

const OPERATOR = /^\d*<<(-?)([^<]*)$/;
const unset = () => undefined;

/** The here-document that a word opens, if it does. */
export function readHereDocumentWord(word: string): HereDocumentWord | undefined {
  const match = OPERATOR.exec(word);
  const rest = match?.[2] ?? "";
  if (match === null || rest === "") return undefined;
  const plain = splitLine(rest, "remove");
  const quoted = splitLine(rest, "keep");
  const name = plain?.[0];
  if (name === undefined || plain?.length !== 1) return undefined;
  return { name, expands: quoted?.[0] === name, stripsTabs: match[1] === "-" };
}

/** All that a line opens, in order. A line whose quotes do not match opens none: the shell's affair. */
export function findHereDocuments(line: string): HereDocumentWord[] {
  if (!line.includes("<<")) return [];
  const words = splitLine(line, "keep", true) ?? [];
  return words.flatMap((word) => readHereDocumentWord(word) ?? []);
}

function splitLine(
  text: string,
  quotes: "keep" | "remove",
  keepEscapes = false,
): readonly string[] | undefined {
  try {
    return expandWord(text, unset, { escape: "\\", quotes, keepEscapes, keepUnset: true }).words;
  } catch (error) {
    if (error instanceof ExpansionError) return undefined;
    throw error;
  }
}

/** The text without the tabs that `<<-` takes off. */
export function hereDocumentContent({ raw, stripsTabs }: HereDocument): string {
  return stripsTabs ? raw.replace(/^\t+/gm, "") : raw;
}
