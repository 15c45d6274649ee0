/**
 * What an answer looked like in other versions of the API. The engine speaks the newest one with every field
 * that any version has; a shim takes away or puts back what a range of versions had otherwise.
 */
export interface VersionShim<T> {
  /** Applies to versions below this minor version … */
  readonly below?: number;
  /** … and from this one on. */
  readonly since?: number;
  /** Gives a new value; the one that it gets belongs to the engine. */
  readonly apply: (value: T) => T;
}

/** The answer as a version has it; shims are applied in the order of the table. */
export function asOf<T>(version: number, value: T, shims: readonly VersionShim<T>[]): T {
  let shaped = value;
  for (const { below = Number.POSITIVE_INFINITY, since = 0, apply } of shims) {
    if (version >= since && version < below) shaped = apply(shaped);
  }
  return shaped;
}

/** Without these keys. */
export function omit<T extends object>(value: T, keys: ReadonlySet<string>): T {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.has(key))) as T;
}

/** Without these keys where their value says nothing: null, an empty text, list or map. */
export function omitEmpty<T extends object>(value: T, keys: ReadonlySet<string>): T {
  const kept = Object.entries(value).filter(([key, item]) => !keys.has(key) || !isEmpty(item));
  return Object.fromEntries(kept) as T;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}
