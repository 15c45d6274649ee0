/** One multi-step operation under way. */
export interface JournalEntry<Payload> {
  readonly payload: Payload;
  /** Notes progress, so that recovery knows how far it came. */
  update(payload: Payload): void;
  /** The operation is complete, or undone. Idempotent. */
  finish(): void;
}

/**
 * Operations that touch more than one thing (a record, a mount, a namespace): noted before the first step,
 * finished after the last. What a crash leaves unfinished is given to `recover` at the next start.
 */
export interface Journal {
  begin<Payload>(kind: string, payload: Payload): JournalEntry<Payload>;
  /**
   * Hands every unfinished operation of an earlier process to its kind's handler, oldest first; the entry
   * is finished when the handler returns, and kept when it throws (all are tried, the first error is thrown
   * at the end). Entries whose kind has no handler stay.
   */
  recover(handlers: Record<string, (payload: never) => void | Promise<void>>): Promise<void>;
}
