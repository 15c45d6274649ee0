const isWide = (code: number): boolean =>
  (code >= 0x1100 && code <= 0x115f) ||
  (code >= 0x2e80 && code <= 0xa4cf) ||
  (code >= 0xac00 && code <= 0xd7a3) ||
  (code >= 0xf900 && code <= 0xfaff) ||
  (code >= 0xfe30 && code <= 0xfe6f) ||
  (code >= 0xff00 && code <= 0xff60) ||
  (code >= 0xffe0 && code <= 0xffe6) ||
  (code >= 0x1f300 && code <= 0x1faff) ||
  (code >= 0x20000 && code <= 0x3fffd);

/** Cuts text to so many columns of a terminal, the last of them an ellipsis. */
export function ellipsis(text: string, columns: number): string {
  const characters = [...text];
  const widths = characters.map((each) => (isWide(each.codePointAt(0) ?? 0) ? 2 : 1));
  const total = widths.reduce((sum, width) => sum + width, 0);
  if (total <= columns) return text;
  if (columns <= 1) return characters[0] ?? "";
  let used = 0;
  let count = 0;
  while (used + (widths[count] ?? 0) <= columns - 1) used += widths[count++] ?? 0;
  return `${characters.slice(0, count).join("")}…`;
}
