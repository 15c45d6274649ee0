import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { EngineError } from "../spec/index.ts";

export async function serveWebsocket(
  _message: IncomingMessage,
  _socket: Duplex,
  _binary: boolean,
  _run: (client: Duplex) => Promise<void>,
): Promise<void> {
  throw new EngineError("not-implemented", "websocket");
}
