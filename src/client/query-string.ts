export type QueryValue = string | number | boolean | readonly string[] | undefined;

/** `?a=1&b=x`, or nothing. False and undefined are left out: every flag of the API is false by default. */
export function queryString(values: Readonly<Record<string, QueryValue>>): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined || value === false) continue;
    for (const item of Array.isArray(value) ? value : [value]) {
      parts.push(`${key}=${encodeURIComponent(item === true ? "1" : String(item))}`);
    }
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
