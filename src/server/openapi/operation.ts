import type { Decoder } from "../decode.ts";

/** What a route takes and gives, for the document. Errors are the same everywhere and not named. */
export interface Operation {
  summary: string;
  /** Parameters of the query; a list is one that may stand there several times. */
  query?: Readonly<Record<string, Decoder<unknown>>>;
  /** Berth's own parameters, which Docker does not have. */
  own?: Readonly<Record<string, Decoder<unknown>>>;
  /** JSON, or a stream of bytes. */
  body?: Decoder<unknown> | "bytes";
  /** Of success; without it 200. */
  status?: number;
  /** JSON, lines of JSON, bytes, or nothing. */
  answer?: Decoder<unknown> | { lines: Decoder<unknown> } | "bytes" | "text";
}

/** By method and path as the routes have them. */
export type Operations = Readonly<Record<string, Operation>>;
