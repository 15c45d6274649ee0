/**
 * How Dockerfile instructions are split into words, unquoted and expanded. Variables come from the
 * environment given as `NAME=value` lines.
 */

/** Words between white space; quotes hold a word together and stay on it. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote === "" && /\s/.test(character)) {
      if (word !== "") words.push(word);
      word = "";
      continue;
    }
    if (character === "\\" && quote !== "'") word += character + text.charAt(++at);
    else {
      if (quote === character) quote = "";
      else if (quote === "" && (character === '"' || character === "'")) quote = character;
      word += character;
    }
  }
  return word === "" ? words : [...words, word];
}

/** Takes quotes and escapes off a word and puts values in for `$NAME`, `${NAME:-else}` and `${NAME:+then}`. */
export function expandWord(word: string, environment: readonly string[]): string {
  let result = "";
  let quote = "";
  for (let at = 0; at < word.length; at++) {
    const character = word.charAt(at);
    const next = word.charAt(at + 1);
    if (character === quote) quote = "";
    else if (quote === "'") result += character;
    else if (character === "\\") {
      const escapes = quote === "" || next === '"' || next === "$" || next === "\\";
      result += escapes ? next : character + next;
      at++;
    } else if (quote === "" && (character === '"' || character === "'")) quote = character;
    else if (character === "$") {
      const variable = readVariable(word.slice(at), environment);
      result += variable.value;
      at += variable.length - 1;
    } else result += character;
  }
  return result;
}

const PLAIN = /^\$([A-Za-z_]\w*)/;
const BRACED = /^\$\{([A-Za-z_]\w*)(?:(:?)([-+])([^}]*))?\}/;

function readVariable(
  text: string,
  environment: readonly string[],
): { value: string; length: number } {
  const plain = PLAIN.exec(text);
  if (plain?.[1] !== undefined) {
    return { value: lookUp(environment, plain[1]) ?? "", length: plain[0].length };
  }
  const braced = BRACED.exec(text);
  if (braced?.[1] === undefined) return { value: "$", length: 1 };
  const found = lookUp(environment, braced[1]);
  const [whole, , colon, operator, word = ""] = braced;
  // With a colon an empty value counts as none (POSIX shell, parameter expansion).
  const given = found !== undefined && (colon !== ":" || found !== "");
  let value = found ?? "";
  if (operator === "-" && !given) value = expandWord(word, environment);
  if (operator === "+") value = given ? expandWord(word, environment) : "";
  return { value, length: whole.length };
}

function lookUp(environment: readonly string[], name: string): string | undefined {
  const prefix = `${name}=`;
  return environment.findLast((entry) => entry.startsWith(prefix))?.slice(prefix.length);
}
