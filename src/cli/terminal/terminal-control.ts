/**
 * What only the kernel can say of a terminal or do to it. The composition root gives an implementation
 * that is loaded when first asked for, so that commands without a terminal do not pay for it.
 */
export interface TerminalControl {
  /** undefined where `fd` is no terminal. */
  size(fd: number): { rows: number; columns: number } | undefined;
  /** Passes every byte through unchanged (cfmakeraw(3)); returns what puts the earlier mode back. */
  makeRaw(fd: number): () => void;
}
