import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { ApiServer, engineRoutes } from "./index.ts";
import { fakeBackends } from "./testing/fake-backends.ts";

let directory: string;
let server: ApiServer;
let port: number;
let refused = "";

beforeAll(async () => {
  directory = mkdtempSync("/tmp/slow-");
  server = new ApiServer({
    routes: engineRoutes(fakeBackends()),
    version: "0",
    log: () => {},
    headersTimeout: 400,
    refuses: (address) => address === refused,
  });
  await server.listen({ kind: "unix", path: join(directory, "s") });
  const address = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
  port = address.kind === "tcp" ? address.port : 0;
});
afterAll(async () => {
  await server.close(200);
  rmSync(directory, { recursive: true });
});

/** Milliseconds until the server has closed the connection. */
function untilClosed(head: string): Promise<number> {
  const started = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ path: join(directory, "s") });
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.once("close", () => resolve(performance.now() - started));
    socket.write(head);
  });
}

test("a head that does not end is not waited for", async () => {
  const times = await Promise.all([
    untilClosed("GET /_ping HTTP/1.1\r\nHost: d\r\nX-Slow: "),
    untilClosed("GET /_ping HTTP/1.1\r\nHost: d\r\n\r\nGET /_pi"),
  ]);
  for (const time of times) expect(time).toBeLessThan(3000);
});

test("a stream outlives the time that a head may take", async () => {
  const response = await fetch("http://d/events", { unix: join(directory, "s") } as RequestInit);
  const reader = response.body?.getReader();
  await reader?.read();
  await Bun.sleep(1200);
  const next = reader?.read();
  expect(await Promise.race([next?.then(({ done }) => done), Bun.sleep(50)])).not.toBe(true);
  await reader?.cancel();
});

test("connections over tcp are cut by where they come from", async () => {
  const url = `http://127.0.0.1:${port}/_ping`;
  expect((await fetch(url)).status).toBe(200);
  refused = "127.0.0.1";
  const error = await fetch(url, { keepalive: false, headers: { Connection: "close" } }).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(Error);
  refused = "";
});
