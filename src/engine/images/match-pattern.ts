import { invalidArgument } from "../../spec/index.ts";

/**
 * Go's `path.Match`: `*` and `?` match within one part of a path, `[a-z]` and `[^a-z]` one character, `\`
 * takes the next one literally. Throws `invalid-argument`: `syntax error in pattern`.
 */
export function matchPattern(pattern: string, name: string): boolean {
  return compilePattern(pattern).test(name);
}

const META = /[.+^${}()|[\]\\*?/]/g;
const CLASS_META = /[\^[\]\\-]/g;

function compilePattern(pattern: string): RegExp {
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "[") {
      const { text, end } = characterClass(pattern, at);
      source += text;
      at = end;
    } else {
      if (character === "\\" && ++at >= pattern.length) throw malformed();
      source += pattern.charAt(at).replace(META, "\\$&");
    }
  }
  return new RegExp(`^${source}$`, "su");
}

function characterClass(pattern: string, start: number): { text: string; end: number } {
  let at = start + 1;
  const negated = pattern[at] === "^";
  if (negated) at++;
  let text = "";
  const one = (): string => {
    if (pattern[at] === "\\") at++;
    const character = pattern[at++];
    if (character === undefined) throw malformed();
    return character.replace(CLASS_META, "\\$&");
  };
  while (pattern[at] !== "]" || text === "") {
    const low = pattern[at] === "]" || pattern[at] === "-" ? undefined : one();
    if (low === undefined) throw malformed();
    let high = low;
    if (pattern[at] === "-") {
      at++;
      high = one();
    }
    if (low.replace(/^\\/, "") > high.replace(/^\\/, "")) throw malformed();
    text += `${low}-${high}`;
  }
  return { text: `[${negated ? "^" : ""}${text}]`, end: at };
}

function malformed(): Error {
  return invalidArgument("syntax error in pattern");
}
