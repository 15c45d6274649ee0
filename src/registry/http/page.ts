import { RegistryFault } from "../registry-fault.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** The Link header's value where more follows (RFC 8288). */
  readonly link: string | undefined;
}

/** The part of a sorted list that `n` and `last` of the query ask for, `most` at the utmost. */
export function pageOf<T>(
  all: readonly T[],
  url: URL,
  keyOf: (item: T) => string,
  most = Number.POSITIVE_INFINITY,
): Page<T> {
  const wanted = url.searchParams.get("n");
  if (wanted !== null && !/^\d{1,9}$/.test(wanted)) {
    throw new RegistryFault("PAGINATION_NUMBER_INVALID", "invalid number of results requested", {
      detail: { n: wanted.slice(0, 50) },
    });
  }
  const count = Math.min(wanted === null ? Number.POSITIVE_INFINITY : Number(wanted), most);
  const last = url.searchParams.get("last");
  const rest = last === null ? all : all.filter((item) => keyOf(item) > last);
  const items = rest.slice(0, count);
  const final = items.at(-1);
  if (final === undefined || items.length === rest.length) return { items, link: undefined };
  const query = new URLSearchParams(url.searchParams);
  query.set("last", keyOf(final));
  query.set("n", String(count));
  return { items, link: `<${url.pathname}?${query}>; rel="next"` };
}
