/** JSON with the escapes that Go's encoder puts in for HTML. */
export const escapeHtml = (json: string): string =>
  json.replace(
    /[<>&\u2028\u2029]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
