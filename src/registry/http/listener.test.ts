import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { type Answer, answer } from "./answer.ts";
import type { RegistryRequest } from "./call.ts";
import { Listener } from "./listener.ts";

type Handle = (request: RegistryRequest) => Promise<Answer>;

/** A listener on a free port that stops at the end of the block. */
async function listen(handle: Handle) {
  const broken: unknown[] = [];
  const listener = await Listener.open({
    hostname: "127.0.0.1",
    port: 0,
    certificate: undefined,
    handle,
    onBroken: (error) => broken.push(error),
  });
  return {
    listener,
    broken,
    url: `http://127.0.0.1:${listener.port}`,
    [Symbol.asyncDispose]: () => listener.stop(0),
  };
}

/** What the server writes on a connection until it closes it, or until it has said `enough`. */
function conversation(port: number, text: string, enough?: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answered = "";
  const socket: Socket = connect(port, "127.0.0.1", () => socket.write(text));
  socket.on("data", (bytes) => {
    answered += bytes;
    if (enough !== undefined && answered.includes(enough)) socket.destroy();
  });
  socket.on("error", () => {});
  socket.on("close", () => resolve(answered));
  return promise;
}

async function* pieces(count: number, size: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(size);
  // One piece of memory for all, as storages may do it.
  for (let index = 0; index < count; index++) yield buffer.fill(index);
}

describe("Listener", () => {
  test("gives a body piece by piece, with its length, to a client that reads late", async () => {
    const [count, size] = [40, 300_000];
    const headers = { "Content-Length": String(count * size) };
    await using server = await listen(async () => answer(200, headers, pieces(count, size)));
    const response = await fetch(server.url);
    expect(response.headers.get("content-length")).toBe(String(count * size));
    await Bun.sleep(200);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(bytes.length).toBe(count * size);
    for (let index = 0; index < count; index++) {
      const piece = bytes.subarray(index * size, (index + 1) * size);
      expect(piece.every((byte) => byte === index)).toBe(true);
    }
  });

  test("a body that fails breaks the connection off and is reported", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("some");
      throw new Error("the disk is gone");
    }
    const headers = { "Content-Length": "100" };
    await using server = await listen(async () => answer(200, headers, failing()));
    const outcome = await fetch(server.url).then(
      (response) => response.text().catch(() => "broken off"),
      () => "broken off",
    );
    expect(outcome).toBe("broken off");
    expect(server.broken.map(String)).toEqual(["Error: the disk is gone"]);
  });

  test("a client that goes away ends the body's source", async () => {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(100_000);
      } finally {
        resolve();
      }
    }
    await using server = await listen(async () => answer(200, {}, endless()));
    await conversation(
      server.listener.port,
      "GET / HTTP/1.1\r\nHost: here\r\n\r\n",
      "HTTP/1.1 200 OK",
    );
    await ended;
  });

  test.each([
    ["a length", "Content-Length: 10\r\n\r\nhello"],
    ["chunks", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
  ])("a request's body with %s that ends early is an error for its reader", async (_, rest) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    await using server = await listen(async (request) => {
      let size = 0;
      try {
        for await (const chunk of request.body) size += chunk.length;
        resolve(`whole: ${size}`);
      } catch {
        resolve(`broken after ${size}, gone: ${request.gone}`);
      }
      return answer(200);
    });
    const socket = connect(server.listener.port, "127.0.0.1", () => {
      socket.end(`PUT / HTTP/1.1\r\nHost: here\r\n${rest}`);
    });
    socket.on("error", () => {});
    expect(await promise).toBe("broken after 5, gone: true");
    socket.destroy();
  });

  test("an answer before the body was read ends the connection", async () => {
    await using server = await listen(async () => answer(403, {}, "no"));
    const head = "PUT / HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000\r\n\r\nsome";
    const answered = await conversation(server.listener.port, head);
    expect(answered).toMatch(/^HTTP\/1.1 403 .*\r\nConnection: close\r\n.*\r\n\r\nno$/is);
  });

  test.each([
    [
      "two lengths",
      "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ],
    [
      "a length and chunks",
      "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["no HTTP", "\x16\x03\x01\r\n\r\n"],
    ["an endless head", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(100_000)}\r\n\r\n`],
    ["no possible host", "GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n"],
  ])("refuses %s", async (_, text) => {
    let handled = 0;
    await using server = await listen(async () => {
      handled += 1;
      return answer(200);
    });
    expect(await conversation(server.listener.port, text)).toMatch(/^HTTP\/1.1 4\d\d /);
    expect(handled).toBe(0);
  });

  test.each(["/v2/a/../b/", "/v2/a/%2e%2E/b", "/v2/./a", "/v2/a/..", "/v2/a\\..\\b?c"])(
    "refuses the path %s",
    async (path) => {
      await using server = await listen(async () => answer(200));
      const request = `GET ${path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n`;
      expect(await conversation(server.listener.port, request)).toStartWith("HTTP/1.1 400 ");
    },
  );

  test("a path with two slashes names no host", async () => {
    await using server = await listen(async ({ url }) => answer(200, {}, url.href));
    const request = "GET //evil/v2/ HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
    expect(await conversation(server.listener.port, request)).toEndWith("http://here//evil/v2/");
  });

  test("stop() answers what has been asked and takes nothing more", async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: wait, resolve: go } = Promise.withResolvers<void>();
    await using server = await listen(async () => {
      ask();
      await wait;
      return answer(200, {}, "late");
    });
    const response = fetch(server.url);
    await asked;
    const stopped = server.listener.stop(10_000);
    expect(fetch(server.url)).rejects.toThrow();
    go();
    expect(await (await response).text()).toBe("late");
    await stopped;
  });

  test("stop() cuts off what takes too long", async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    await using server = await listen(async () => {
      ask();
      await new Promise(() => {});
      return answer(200);
    });
    const response = fetch(server.url).catch(() => "cut off");
    await asked;
    await server.listener.stop(50);
    expect(await response).toBe("cut off");
  });

  test("open() says what it cannot listen on", async () => {
    await using server = await listen(async () => answer(200));
    const second = Listener.open({
      hostname: "127.0.0.1",
      port: server.listener.port,
      certificate: undefined,
      handle: async () => answer(200),
      onBroken: () => {},
    });
    expect(second).rejects.toThrow(`Cannot listen on "127.0.0.1:${server.listener.port}"`);
    await second.catch(() => {});
  });
});
