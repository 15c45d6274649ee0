const SIMPLE: Record<string, string> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};
const ESCAPE =
  /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|\\/g;

/** The text of a Go string literal, quoted or raw (strconv.Unquote); undefined where it is none. */
export function unquoteGo(literal: string): string | undefined {
  const body = literal.slice(1, -1);
  if (literal.startsWith("`")) return body.replaceAll("\r", "");
  let valid = true;
  const text = body.replace(ESCAPE, (all, simple, hex, octal, short, long) => {
    if (simple !== undefined) return SIMPLE[simple] ?? "";
    const digits = hex ?? short ?? long ?? octal;
    const code = digits === undefined ? -1 : Number.parseInt(digits, octal === undefined ? 16 : 8);
    if (code < 0 || code > 0x10ffff || (octal !== undefined && code > 255)) {
      valid = false;
      return all;
    }
    return String.fromCodePoint(code);
  });
  return valid ? text : undefined;
}
