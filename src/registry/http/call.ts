import type { Identity } from "../access/identity.ts";
import type { Answer } from "./answer.ts";

/** A request as the registry sees it. */
export interface RegistryRequest {
  readonly method: string;
  /** With the host that the client named. */
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: { get(name: string): string | null };
  /** The body as it comes; nothing is buffered. Throws when the client goes away. To be read once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Is nobody there any more? */
  readonly gone: boolean;
}

/** A request on its way through the registry. */
export interface Call {
  readonly request: RegistryRequest;
  readonly url: URL;
  /** `https://registry.example`: as the client reaches the registry. */
  readonly origin: string;
  /** The repository; empty where the path names none. */
  readonly name: string;
  /** The path's last part: a tag, digest or upload. */
  readonly reference: string;
  identity: Identity;
}

export type Handler = (call: Call) => Promise<Answer>;

/** The whole of a body that has `limit` bytes at the most; undefined for a longer one. */
export async function smallBody(
  request: RegistryRequest,
  limit: number,
): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > limit) return undefined;
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}
