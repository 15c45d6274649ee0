import type { Socket, TCPSocketListener } from "bun";

/** One end of a relayed connection; `ends` counts the directions that are over. */
interface End {
  peer: Socket<End> | undefined;
  /** Bytes that this end's socket has not taken yet. */
  queue: Uint8Array[];
  /** Nothing follows the queue. */
  finishing: boolean;
  /** This end has sent its FIN. */
  finished: boolean;
}

const newEnd = (peer: Socket<End> | undefined): End => ({
  peer,
  queue: [],
  finishing: false,
  finished: false,
});

/** Writes what the socket takes; true when the queue is empty. */
function flush(socket: Socket<End>): boolean {
  const { queue } = socket.data;
  while (queue.length > 0) {
    const chunk = queue[0] as Uint8Array;
    const written = Math.max(0, socket.write(chunk));
    if (written < chunk.length) {
      queue[0] = chunk.subarray(written);
      return false;
    }
    queue.shift();
  }
  return true;
}

function finish(socket: Socket<End>): void {
  const end = socket.data;
  if (end.finished || !end.finishing || end.queue.length > 0) return;
  end.finished = true;
  socket.shutdown();
  closeWhenOver(socket);
}

/** Both directions have ended: what was sent is delivered by the kernel after the close. */
function closeWhenOver(socket: Socket<End>): void {
  const { peer } = socket.data;
  if (peer === undefined || !socket.data.finished || !peer.data.finished) return;
  socket.end();
  peer.end();
}

const handlers = {
  data(socket: Socket<End>, chunk: Uint8Array): void {
    const { peer } = socket.data;
    if (peer === undefined) {
      socket.data.queue.push(new Uint8Array(chunk));
      return;
    }
    const { queue } = peer.data;
    const written = queue.length > 0 ? 0 : Math.max(0, peer.write(chunk));
    if (written === chunk.length) return;
    // The chunk's memory is the event loop's; at most one chunk waits, then nothing more is read.
    queue.push(new Uint8Array(chunk.subarray(written)));
    socket.pause();
  },
  drain(socket: Socket<End>): void {
    if (!flush(socket)) return;
    finish(socket);
    socket.data.peer?.resume();
  },
  end(socket: Socket<End>): void {
    const { peer } = socket.data;
    if (peer === undefined) return;
    peer.data.finishing = true;
    finish(peer);
  },
  close(socket: Socket<End>, failure?: Error): void {
    const { peer, finished } = socket.data;
    if (peer === undefined) return;
    // A FIN that meets our own closes the socket without `end`; anything else breaks the connection.
    if (!finished || failure !== undefined) peer.terminate();
    else if (!peer.data.finishing) handlers.end(socket);
  },
  error(socket: Socket<End>): void {
    socket.terminate();
  },
};

/** Where connections go; read anew for each of them. */
export interface TcpTarget {
  hostname: string;
  port: number;
}

function relay(client: Socket<End>, target: TcpTarget): void {
  // Nothing is read before the other end is there.
  client.pause();
  const connecting = Bun.connect<End>({
    ...target,
    allowHalfOpen: true,
    data: newEnd(client),
    socket: {
      ...handlers,
      open(server) {
        client.data.peer = server;
        client.resume();
      },
      connectError() {
        client.terminate();
      },
    },
  });
  connecting.catch(() => client.terminate());
}

/**
 * Listens at an address of the host and relays each connection, with half-close and backpressure.
 * @throws an error with `code` EADDRINUSE, EADDRNOTAVAIL, EACCES …
 */
export function listenTcp(
  hostname: string,
  port: number,
  target: TcpTarget,
): TCPSocketListener<End> {
  return Bun.listen<End>({
    hostname,
    port,
    allowHalfOpen: true,
    ...(hostname.includes(":") ? { ipv6Only: true } : {}),
    socket: {
      ...handlers,
      open(client) {
        client.data = newEnd(undefined);
        relay(client, target);
      },
    },
  });
}
