import type { LinkOperations } from "./link-operations.ts";

/** The operations that can be asked of the link thread. */
export type LinkOperationName = Exclude<keyof LinkOperations, "close">;

export interface LinkCall {
  id: number;
  operation: LinkOperationName;
  arguments: unknown[];
}

export type LinkAnswer =
  | { id: number; ok: true; result: unknown }
  /** `errno` when a system call failed. */
  | { id: number; ok: false; message: string; syscall?: string; errno?: number; path?: string };
