/** One challenge of a `WWW-Authenticate` header (RFC 9110, section 11.6.1). */
export interface AuthChallenge {
  /** Lower case: `basic`, `bearer`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const SPACE = /[ \t]*/y;

/**
 * Parses the header's value; several headers are joined by commas, as `Headers.get` does. What cannot be
 * understood ends the list, so that the challenges before it still count.
 */
export function parseChallenges(header: string): AuthChallenge[] {
  const reader = new HeaderReader(header);
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  for (;;) {
    reader.skipSeparators();
    const word = reader.token();
    if (word === undefined) return challenges;
    const current = challenges.at(-1);
    if (current !== undefined && reader.accept("=")) {
      const value = reader.value();
      if (value === undefined) return challenges;
      current.parameters[word.toLowerCase()] = value;
    } else {
      challenges.push({ scheme: word.toLowerCase(), parameters: {} });
    }
  }
}

class HeaderReader {
  private at = 0;
  constructor(private readonly text: string) {}

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  token(): string | undefined {
    return this.match(TOKEN);
  }

  skipSeparators(): void {
    while (" \t,".includes(this.text[this.at] ?? "x")) this.at++;
  }

  /** Takes the character, with white space around it, or nothing at all. */
  accept(character: string): boolean {
    const start = this.at;
    this.match(SPACE);
    if (this.text[this.at] === character) {
      this.at++;
      this.match(SPACE);
      return true;
    }
    this.at = start;
    return false;
  }

  value(): string | undefined {
    if (this.text[this.at] !== '"') return this.token();
    let value = "";
    for (let at = this.at + 1; at < this.text.length; at++) {
      const character = this.text[at];
      if (character === '"') {
        this.at = at + 1;
        return value;
      }
      value += character === "\\" ? (this.text[++at] ?? "") : character;
    }
    return undefined;
  }
}
