/**
 * A flag as data: what help prints, how its text becomes a value. Flags are declared with the functions
 * of `flag-kinds.ts` and read by `parse-flags.ts`, which behaves as the flag library of Docker's CLI.
 */
export interface Flag<T> {
  /** The word that help prints after the name: `list`, `string`; empty for a boolean. */
  readonly type: string;
  readonly usage: string;
  readonly short?: string;
  /** Other long names, which help does not print. */
  readonly otherNames?: readonly string[];
  readonly hidden?: boolean;
  /** What help prints as `(default …)`; absent where the value is a zero one. */
  readonly defaultText?: string;
  readonly initial: T;
  /** The value of the flag when its name stands alone (`--detach`). */
  readonly impliedText?: string;
  /**
   * The value after one more occurrence of the flag. Throws an Error whose message becomes the end of
   * `invalid argument "…" for "--flag" flag: …`.
   */
  parse(text: string, current: T): T;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;

export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends Flag<infer T> ? T : never;
};

export interface ParsedFlags<F extends Flags> {
  readonly values: FlagValues<F>;
  /** Names of the flags that were given. */
  readonly changed: ReadonlySet<string>;
  readonly args: readonly string[];
}
