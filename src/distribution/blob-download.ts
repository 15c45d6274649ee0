import { type Descriptor, EngineError, errorKind } from "../spec/index.ts";
import { ConnectionError } from "./connection-error.ts";
import { type HttpResponse, type HttpTransport, pause } from "./http-transport.ts";

/** Failures in a row, without a byte between them, after which a download is given up. */
const MOST_FAILURES = 5;

/**
 * Streams a blob from a position on. `open` asks for the bytes from a position, by Range; an answer with
 * the whole blob is skipped up to it. When the connection breaks or falls silent, it asks again from
 * where it was.
 */
export async function* readBlob(
  descriptor: Descriptor,
  start: number,
  transport: HttpTransport,
  signal: AbortSignal | undefined,
  open: (position: number) => Promise<HttpResponse>,
): AsyncGenerator<Uint8Array> {
  let position = start;
  let failures = 0;
  while (position < descriptor.size) {
    try {
      const response = await open(position);
      for await (const chunk of skipTo(response, position, descriptor)) {
        position += chunk.length;
        failures = 0;
        yield chunk;
      }
      if (position >= descriptor.size) return;
      throw new ConnectionError("SHORT", `short read: ${position} of ${descriptor.size} bytes`, {});
    } catch (error) {
      signal?.throwIfAborted();
      if (!worthRetrying(error) || ++failures >= MOST_FAILURES) throw error;
      await pause(transport.backOff(failures), signal);
    }
  }
}

function worthRetrying(error: unknown): boolean {
  return error instanceof ConnectionError || errorKind(error) === "unavailable";
}

async function* skipTo(
  response: HttpResponse,
  position: number,
  descriptor: Descriptor,
): AsyncGenerator<Uint8Array> {
  const begins = beginning(response, position, descriptor);
  let at = begins;
  for await (const chunk of response.body) {
    const end = at + chunk.length;
    if (end > descriptor.size) throw wrongSize(descriptor, end);
    if (end > position) yield at < position ? chunk.subarray(position - at) : chunk;
    at = end;
  }
}

/** The position of the answer's first byte in the blob. */
function beginning(response: HttpResponse, position: number, descriptor: Descriptor): number {
  const length = response.headers.get("content-length");
  if (response.status !== 206) {
    if (response.status === 416 || (length !== null && Number(length) !== descriptor.size)) {
      response.discard();
      throw wrongSize(descriptor, Number(length));
    }
    return 0;
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  const [, first, total] = range ?? [];
  if (first === undefined || Number(first) > position) {
    response.discard();
    throw new EngineError(
      "internal",
      `Cannot continue "${descriptor.digest}": the server gave another range`,
    );
  }
  if (total !== "*" && Number(total) !== descriptor.size) {
    response.discard();
    throw wrongSize(descriptor, Number(total));
  }
  return Number(first);
}

function wrongSize(descriptor: Descriptor, size: number): EngineError {
  return new EngineError(
    "invalid-argument",
    `Cannot download "${descriptor.digest}": its size is ${size}, its manifest says ${descriptor.size}`,
  );
}
