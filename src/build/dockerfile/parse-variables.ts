import type { ArgDeclaration, ArgInstruction, NameValue } from "./ast.ts";
import type { InstructionLine } from "./instruction-line.ts";
import { splitWords } from "./split-words.ts";

/** `ENV` and `LABEL`: `name=value …`, or one `name value` as it was long ago. */
export function parsePairs(line: InstructionLine, kind: "ENV" | "LABEL"): readonly NameValue[] {
  line.readFlags({});
  const words = splitWords(line.rest, line.origin.escape);
  const [first] = words;
  if (first === undefined) line.fail(`${kind} requires at least one argument`);
  if (!first.includes("=")) {
    const match = /^(\S+)\s+([\s\S]+)$/.exec(line.rest);
    if (match === null) {
      line.fail(`${kind} must have two arguments`, line.rest, `as in "${kind} ${first}=value"`);
    }
    line.note("LegacyKeyValueFormat", kind);
    return [{ name: match[1] ?? "", value: match[2] ?? "" }];
  }
  return words.map((word) => {
    const at = word.indexOf("=");
    if (at < 0) {
      line.fail(
        `Syntax error - can't find = in "${word}". Must be of the form: name=value`,
        word,
        "a value with spaces stands in quotes",
      );
    }
    if (at === 0) line.fail(`${kind} names can not be blank`, word);
    return { name: word.slice(0, at), value: word.slice(at + 1) };
  });
}

export function parseArg(line: InstructionLine): ArgInstruction {
  line.readFlags({});
  const words = splitWords(line.rest, line.origin.escape);
  if (words.length === 0) line.fail("ARG requires at least one argument");
  const args = words.map((word): ArgDeclaration => {
    const at = word.indexOf("=");
    if (at === 0) line.fail("ARG names can not be blank", word);
    return at < 0 ? { name: word } : { name: word.slice(0, at), value: word.slice(at + 1) };
  });
  const comment = line.origin.comments.at(-1);
  return { kind: "ARG", ...line.base, args, ...(comment === undefined ? {} : { comment }) };
}
