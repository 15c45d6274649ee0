import { fstatSync } from "node:fs";
import { readAt } from "../linux/descriptor.ts";
import type { LogFormat } from "./log-format.ts";
import type { LogRenderer } from "./log-renderer.ts";

const CHUNK = 512 * 1024;

/**
 * Renders one file from an offset to what is its end now. Returns where whole records end, or undefined
 * when nothing more is wanted.
 */
export async function* readFile(
  format: LogFormat,
  fd: number,
  start: number,
  renderer: LogRenderer,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, number | undefined> {
  const size = fstatSync(fd).size;
  if (size <= start) return start;
  const chunk = new Uint8Array(new ArrayBuffer(Math.min(CHUNK, size - start)));
  let offset = start;
  while (offset < size) {
    if (signal.aborted) return undefined;
    const length = readAt(fd, chunk, Math.min(chunk.length, size - offset), offset);
    const consumed = format.decode(chunk, length, offset, renderer);
    const rendered = renderer.take();
    if (rendered !== undefined) yield rendered;
    if (consumed === undefined) return undefined;
    if (consumed === 0) break;
    offset += consumed;
  }
  return offset;
}
