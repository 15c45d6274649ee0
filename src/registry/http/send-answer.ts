import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "./answer.ts";

/** Statuses whose answers have no body (RFC 9110, section 6.4.1). */
const BODILESS = [204, 304];

/**
 * Sends an answer to its end, as fast as the client takes it. A body that fails breaks the connection off,
 * which is the only way left to say that it is not complete.
 */
export async function sendAnswer(
  message: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
): Promise<void> {
  // What follows an unread body on the connection is no request; the client is to stop sending it.
  if (!message.complete) response.setHeader("Connection", "close");
  if (message.method === "HEAD" || BODILESS.includes(status) || body === undefined) {
    const empty = body === undefined && message.method !== "HEAD" && !BODILESS.includes(status);
    response.writeHead(status, { ...headers, ...(empty ? { "Content-Length": "0" } : {}) });
    response.end();
    return;
  }
  if (typeof body === "string" || body instanceof Uint8Array) {
    response.writeHead(status, { ...headers, "Content-Length": String(Buffer.byteLength(body)) });
    response.end(body);
    return;
  }
  response.writeHead(status, headers);
  try {
    await pump(response, body);
  } catch (error) {
    response.destroy();
    throw error;
  }
}

async function pump(response: ServerResponse, body: AsyncIterable<Uint8Array>): Promise<void> {
  let wake = (): void => {};
  let gone = false;
  response.once("close", () => {
    gone = true;
    wake();
  });
  response.on("error", () => {});
  for await (const chunk of body) {
    if (gone) return;
    // A chunk may be overwritten when the next is asked for, so it has to be on its way first.
    await new Promise<void>((resolve) => {
      wake = resolve;
      response.write(chunk, () => resolve());
    });
    if (gone) return;
  }
  response.end();
}
