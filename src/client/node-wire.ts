import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect as connectPlain, type Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { connect as connectTls } from "node:tls";
import type { ClientTls, Endpoint } from "./endpoint.ts";
import type { RequestBody, Wire, WireEvents, WireSocket } from "./wire.ts";

/** node:http and node:net. */
export const nodeWire: Wire = {
  async send({ endpoint, tls, method, target, headers, body, signal }) {
    const { protocol, pathname } = new URL(endpoint.origin);
    const options = {
      ...addressOf(endpoint),
      ...tlsOptions(tls),
      method,
      headers,
      path: pathname.replace(/\/$/, "") + target,
      ...(signal === undefined ? {} : { signal }),
    };
    const request = (protocol === "https:" ? httpsRequest : httpRequest)(options);
    const answer = answerTo(request);
    // A daemon may refuse before it has taken the body: then its answer counts, not the broken pipe.
    sendBody(request, body).catch((error: Error) => request.destroy(error));
    return toResponse(await answer);
  },

  async connect(endpoint, tls, events) {
    const { socket } = endpoint;
    const shared = { ...addressOf(endpoint), allowHalfOpen: true };
    const isSecure = !("unix" in socket) && socket.secure;
    const opened = isSecure
      ? connectTls({ ...shared, ...tlsOptions(tls), servername: socket.hostname })
      : connectPlain(shared);
    await new Promise<void>((resolve, reject) => {
      opened.once(isSecure ? "secureConnect" : "connect", resolve);
      opened.once("error", reject);
    });
    follow(opened, events);
  },
};

const addressOf = ({ socket }: Endpoint) =>
  "unix" in socket
    ? { socketPath: socket.unix, path: socket.unix }
    : { host: socket.hostname, port: socket.port };

const tlsOptions = (tls: ClientTls | undefined) => ({
  ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
  ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
  ...(tls?.key === undefined ? {} : { key: tls.key }),
  rejectUnauthorized: tls?.verify !== false,
});

const answerTo = (request: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request.once("response", resolve);
    request.on("error", reject);
  });

async function sendBody(request: ClientRequest, body: RequestBody | undefined): Promise<void> {
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
    request.end(body);
  } else if (body instanceof Blob) request.end(new Uint8Array(await body.arrayBuffer()));
  else await pipeline(Readable.from(body, { objectMode: false }), request);
}

/** Statuses that must not have a body (fetch standard, "null body status"). */
const WITHOUT_BODY = new Set([204, 205, 304]);

function toResponse(message: IncomingMessage): Response {
  const status = message.statusCode ?? 500;
  const headers = new Headers();
  for (let at = 0; at + 1 < message.rawHeaders.length; at += 2) {
    headers.append(message.rawHeaders[at] ?? "", message.rawHeaders[at + 1] ?? "");
  }
  if (WITHOUT_BODY.has(status)) message.resume();
  const body = WITHOUT_BODY.has(status)
    ? null
    : (Readable.toWeb(message) as ReadableStream<Uint8Array<ArrayBuffer>>);
  return new Response(body, { status, headers });
}

function follow(socket: Socket, events: WireEvents): void {
  socket.on("data", (chunk: Buffer) => events.received(chunk));
  socket.on("drain", () => events.drained());
  socket.on("end", () => events.ended());
  socket.on("close", () => events.closed());
  socket.on("error", (error) => events.failed(error));
  events.opened(wireSocket(socket));
}

const wireSocket = (socket: Socket): WireSocket => ({
  write: (bytes) => {
    if (socket.writableNeedDrain) return 0;
    socket.write(bytes);
    return bytes.length;
  },
  pause: () => socket.pause(),
  resume: () => socket.resume(),
  shutdown: () => socket.end(),
  terminate: () => socket.destroy(),
});
