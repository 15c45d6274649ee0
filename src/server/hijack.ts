import type { Duplex } from "node:stream";

/** How long a client may keep its half of a finished stream open before it is cut off. */
const LINGER_MS = 10_000;

/** Sends the head that turns the connection into a byte stream. */
export function acceptUpgrade(socket: Duplex, contentType: string): void {
  socket.write(
    `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
  );
}

/**
 * Ends our half when the session is over and reads on until the client ends its own: closing a unix
 * socket with unread input resets it, and the client would lose the tail of the output.
 */
export function finishStream(socket: Duplex): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
  const { promise: sent, resolve: allSent } = Promise.withResolvers<void>();
  const { promise: heard, resolve: allHeard } = Promise.withResolvers<void>();
  if (socket.readableEnded) allHeard();
  else socket.once("end", allHeard);
  socket.end(allSent);
  socket.resume();
  void Promise.all([sent, heard]).then(() => socket.destroy());
}
