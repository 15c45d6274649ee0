/** No honest manifest nests deeper. */
const DEEPEST = 100;

/**
 * What is wrong with a JSON text that parsers would read differently: a name that stands twice in one
 * object (RFC 8259, section 4), or more levels than some can take. The text must be valid JSON.
 */
export function ambiguityOf(json: string): string | undefined {
  /** Of each open object its names, of each open list nothing. */
  const open: (Set<string> | undefined)[] = [];
  let atName = false;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '"') {
      const end = endOfText(json, at);
      const names = open.at(-1);
      if (atName && names !== undefined) {
        const name = JSON.parse(json.slice(at, end)) as string;
        if (names.has(name)) return `"${name.slice(0, 50)}" stands in it twice`;
        names.add(name);
        atName = false;
      }
      at = end - 1;
    } else if (char === "{" || char === "[") {
      open.push(char === "{" ? new Set() : undefined);
      atName = char === "{";
      if (open.length > DEEPEST) return `it has more than ${DEEPEST} levels`;
    } else if (char === "}" || char === "]") {
      open.pop();
    } else if (char === ",") {
      atName = open.at(-1) !== undefined;
    }
  }
  return undefined;
}

/** Behind the closing quote of the text that begins at `start`. */
function endOfText(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === "\\") at += 1;
    else if (json[at] === '"') return at + 1;
  }
  return json.length;
}
