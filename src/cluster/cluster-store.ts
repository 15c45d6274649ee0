/** A key and its value; both are text. */
export interface ClusterEntry {
  key: string;
  value: string;
}

/** What must hold for a commit to happen. */
export type Condition =
  | { absent: string }
  | { present: string }
  | { key: string; value: string }
  /** No key begins so. */
  | { empty: string };

export type Change =
  /** With a lease the key goes when the lease ends. */
  { put: string; value: string; lease?: string } | { delete: string };

/** What became of a key; without a value it is gone. */
export interface ClusterEvent {
  key: string;
  value?: string;
}

export interface WatchHandlers {
  /** In the order of their revisions; those of one revision come together. */
  events(events: ClusterEvent[]): void;
  /** Once, and nothing afterwards: what has happened since is to be listed anew. */
  ended(reason: Error): void;
}

/**
 * A store that several hosts share. Every call may be repeated; those that cannot reach the store are
 * rejected with `unavailable`, and a commit may have happened nevertheless.
 */
export interface ClusterStore {
  /** Everything whose key begins with `prefix`, as it was at `revision`. */
  list(prefix: string): Promise<{ entries: ClusterEntry[]; revision: number }>;
  /** All changes in one step if all conditions hold. False: one does not, and nothing is changed. */
  commit(conditions: readonly Condition[], changes: readonly Change[]): Promise<boolean>;
  /** A lease that ends by itself unless it is renewed within so many seconds. */
  grantLease(seconds: number): Promise<string>;
  /** False when it has ended. */
  renewLease(lease: string): Promise<boolean>;
  /** Ends it and what hangs on it. Idempotent. */
  revokeLease(lease: string): Promise<void>;
  /** Everything that happens after `revision` to keys that begin with `prefix`, until the result is called. */
  watch(prefix: string, revision: number, handlers: WatchHandlers): () => void;
  /** Ends every watch; calls are rejected afterwards. */
  close(): void;
}
