import type { Socket } from "bun";
import type { ClientTls } from "./endpoint.ts";
import type { RequestBody, Wire, WireSocket } from "./wire.ts";

/** `fetch`, which speaks over unix sockets, and `Bun.connect`. */
export const bunWire: Wire = {
  send: ({ endpoint, tls, method, target, headers, body, signal }) =>
    fetch(endpoint.origin + target, {
      method,
      headers,
      body: bodyOf(body),
      ...("unix" in endpoint.socket ? { unix: endpoint.socket.unix } : {}),
      ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
      ...(signal === undefined ? {} : { signal }),
      redirect: "error",
      // Waits, logs and events may be silent for days.
      timeout: false,
    } as RequestInit),

  async connect({ socket }, tls, events) {
    const handler = {
      open: (opened: Socket) => events.opened(wireSocket(opened)),
      data: (_socket: Socket, chunk: Uint8Array) => events.received(chunk),
      drain: () => events.drained(),
      end: () => events.ended(),
      close: () => events.closed(),
      error: (_socket: Socket, error: Error) => events.failed(error),
    };
    const shared = { allowHalfOpen: true, socket: handler };
    if ("unix" in socket) await Bun.connect({ unix: socket.unix, ...shared });
    else {
      const { hostname, port, secure } = socket;
      const secured = secure ? { tls: { ...tlsOptions(tls ?? {}), serverName: hostname } } : {};
      await Bun.connect({ hostname, port, ...shared, ...secured });
    }
  },
};

const wireSocket = (socket: Socket): WireSocket => ({
  write: (bytes) => Math.max(socket.write(bytes), 0),
  pause: () => socket.pause(),
  resume: () => socket.resume(),
  shutdown: () => {
    socket.flush();
    socket.shutdown();
  },
  terminate: () => socket.terminate(),
});

function tlsOptions(tls: ClientTls): Bun.TLSOptions {
  return {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    rejectUnauthorized: tls.verify !== false,
  };
}

function bodyOf(body: RequestBody | undefined): Bun.BodyInit | undefined {
  if (body === undefined || typeof body === "string" || body instanceof Blob) return body;
  if (body instanceof Uint8Array) return body as Uint8Array<ArrayBuffer>;
  return streamOf(body);
}

function streamOf(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
