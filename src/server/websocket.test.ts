import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startTestServer, type TestServer } from "./testing/test-server.ts";
import { encodeWebsocketFrame, Opcode, WebsocketDecoder } from "./websocket-frames.ts";

let server: TestServer;
let port: number;

beforeAll(async () => {
  server = await startTestServer();
  const address = await server.server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
  port = address.kind === "tcp" ? address.port : 0;
  await server.backends.containers.create({ Image: "busybox" }, { name: "plain" });
  await server.backends.containers.create({ Image: "busybox", Tty: true }, { name: "tty" });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const attach = (name: string): WebSocket =>
  new WebSocket(
    `ws://127.0.0.1:${port}/v1.51/containers/${name}/attach/ws?stream=1&stdin=1&stdout=1`,
  );

/** The first `length` bytes that come. */
function receive(socket: WebSocket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  socket.binaryType = "arraybuffer";
  return new Promise((resolve, reject) => {
    socket.onclose = () => reject(new Error(`closed after ${size} of ${length} bytes`));
    socket.onmessage = ({ data }) => {
      chunks.push(Buffer.from(data));
      size += chunks.at(-1)?.length ?? 0;
      if (size >= length) resolve(Buffer.concat(chunks));
    };
  });
}

describe("GET /containers/{id}/attach/ws", () => {
  for (const name of ["plain", "tty"]) {
    test(`carries the bare output of a ${name} container`, async () => {
      const socket = attach(name);
      const sizes = [1, 125, 126, 65_535, 65_536, 300_000];
      const sent = sizes.map((size) => Buffer.alloc(size, size & 255));
      const wanted = Buffer.concat(sent);
      const output = receive(socket, wanted.length);
      await new Promise((resolve) => {
        socket.onopen = resolve;
      });
      for (const bytes of sent) socket.send(bytes);
      expect((await output).equals(wanted)).toBe(true);
      const goodbye = receive(socket, 1).catch((error: Error) => error.message);
      socket.close();
      expect(String(await goodbye)).toMatch(/bye|closed after 0/);
    });
  }

  test("refuses what is no websocket", async () => {
    const response = await fetch(`http://127.0.0.1:${port}/containers/plain/attach/ws`);
    expect(response.status).toBe(400);
  });
});

test("WebsocketDecoder gives the same frames however they are cut", () => {
  const mask = Buffer.from([1, 2, 3, 4]);
  const frames = [0, 5, 126, 70_000].map((length) => {
    const plain = encodeWebsocketFrame(Opcode.binary, new Uint8Array(length));
    const header = plain.subarray(0, plain.length - length);
    header[1] = (header[1] ?? 0) | 0x80;
    const payload = Uint8Array.from({ length }, (_, index) => mask[index & 3] ?? 0);
    return Buffer.concat([header, mask, payload]);
  });
  const whole = Buffer.concat(frames);
  for (const size of [1, 7, 1000, whole.length]) {
    const decoder = new WebsocketDecoder();
    const lengths: number[] = [];
    for (let at = 0; at < whole.length; at += size) {
      for (const frame of decoder.push(whole.subarray(at, at + size))) {
        expect(frame.payload.every((byte) => byte === 0)).toBe(true);
        lengths.push(frame.payload.length);
      }
    }
    expect(lengths).toEqual([0, 5, 126, 70_000]);
  }
  expect(() => new WebsocketDecoder().push(Buffer.from([0x82, 0x01, 0]))).toThrow("not masked");
});
