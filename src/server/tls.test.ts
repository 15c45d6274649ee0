import { afterAll, beforeAll, expect, test } from "bun:test";
import { EngineClient } from "../client/index.ts";
import { errorKind, FrameDecoder } from "../spec/index.ts";
import { ApiServer, engineRoutes } from "./index.ts";
import * as pem from "./testing/certificates.ts";
import { fakeBackends } from "./testing/fake-backends.ts";

let server: ApiServer;
let host: string;

beforeAll(async () => {
  server = new ApiServer({ routes: engineRoutes(fakeBackends()), version: "0", log: () => {} });
  const address = await server.listen(
    { kind: "tcp", host: "127.0.0.1", port: 0 },
    { tls: { certificate: pem.serverCertificate, key: pem.serverKey, ca: pem.authority } },
  );
  host = address.kind === "tcp" ? `tcp://127.0.0.1:${address.port}` : "";
});
afterAll(async () => {
  await server.close(200);
});

const known = { ca: pem.authority, cert: pem.clientCertificate, key: pem.clientKey };

test("a client with a certificate of the authority is served, streams included", async () => {
  const client = new EngineClient({ host, tls: known });
  expect((await client.system.version()).Version).toBe("0.1.0");
  await client.containers.create({ Image: "busybox" }, { name: "c" });
  const stream = await client.containers.attach("c", { stream: true, stdin: true, stdout: true });
  const input = Buffer.alloc(1_000_000, 7);
  await stream.write(input);
  stream.end();
  const decoder = new FrameDecoder();
  let size = 0;
  for await (const chunk of stream.output) {
    for (const piece of decoder.push(chunk)) size += piece.content.length;
  }
  expect(size).toBe(input.length + "bye\n".length);
});

test("a client without one, and a client that does not know the authority, get nowhere", async () => {
  for (const tls of [{ ca: pem.authority }, { cert: pem.clientCertificate, key: pem.clientKey }]) {
    const client = new EngineClient({ host, tls });
    for (const call of [
      () => client.system.version(),
      () => client.containers.attach("c", { stream: true }),
    ]) {
      const error = await call().catch((cause: unknown) => cause);
      expect(errorKind(error)).toBe("unavailable");
    }
  }
});
