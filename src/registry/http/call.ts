import type { Identity } from "../access/identity.ts";

/** A request on its way through the registry. */
export interface Call {
  readonly request: Request;
  readonly url: URL;
  /** `https://registry.example`: as the client reaches the registry. */
  readonly origin: string;
  /** The repository; empty where the path names none. */
  readonly name: string;
  /** The path's last part: a tag, digest or upload. */
  readonly reference: string;
  identity: Identity;
}

export type Handler = (call: Call) => Promise<Response>;

/** The body as it comes; nothing is buffered. Throws when the client goes away. */
export async function* requestBody(request: Request): AsyncGenerator<Uint8Array> {
  if (request.body !== null) yield* request.body;
}
