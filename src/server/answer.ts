import type { Duplex } from "node:stream";

type Headers = Readonly<Record<string, string>>;

/**
 * What a handler answers. Handlers describe; the server writes, so that no handler can forget a header, a
 * flush or the end of a stream.
 */
export type ApiAnswer =
  | { kind: "json"; status: number; value: unknown; headers?: Headers }
  | { kind: "text"; status: number; text: string; headers?: Headers }
  /** `sent` is called when the answer has left the process, or the client has gone. */
  | { kind: "empty"; status: number; headers?: Headers; sent?: () => void }
  /** The head goes out at once, the chunks as they come. */
  | { kind: "stream"; headers: Headers; chunks: AsyncIterable<Uint8Array> }
  /** JSON lines, each flushed. A failure before the first is an HTTP status unless `eager`. */
  | {
      kind: "lines";
      headers: Headers;
      lines: AsyncIterable<unknown>;
      /** Send the head before the first line is there. */
      eager: boolean;
      /** What a failure after the head adds as its last line; undefined: nothing. */
      failure?: (error: unknown) => unknown;
      /** Before each line. */
      prefix?: string;
    }
  /** The head goes out at once, one JSON value later; nothing is sent when it resolves with undefined. */
  | { kind: "later"; value: Promise<unknown> }
  /** The connection becomes a two-way byte stream. */
  | { kind: "hijack"; contentType: string; run: (client: Duplex) => Promise<void> }
  | { kind: "websocket"; binary: boolean; run: (client: Duplex) => Promise<void> };

export const json = (value: unknown, status = 200): ApiAnswer => ({ kind: "json", status, value });

export const empty = (status: number): ApiAnswer => ({ kind: "empty", status });

export const NO_CONTENT = empty(204);

/** Progress of a pull, push, load or import. */
export const progress = (lines: AsyncIterable<unknown>): ApiAnswer => ({
  kind: "lines",
  headers: { "Content-Type": "application/json" },
  lines,
  eager: false,
  failure: (error) => {
    const message = error instanceof Error ? error.message : String(error);
    return { errorDetail: { message }, error: message };
  },
});
