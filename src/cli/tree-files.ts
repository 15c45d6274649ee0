/**
 * Trees of files that arrive as tars. The composition root gives an implementation that is loaded when first
 * asked for.
 */
export interface TreeFiles {
  /** Below a directory that is there, and nowhere else whatever the archive says; all belongs to this user. */
  unpack(stream: AsyncIterable<Uint8Array>, directory: string, signal: AbortSignal): Promise<void>;
}
