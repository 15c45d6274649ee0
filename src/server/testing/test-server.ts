import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ApiServer, engineRoutes } from "../index.ts";
import { type FakeBackends, fakeBackends } from "./fake-backends.ts";

export interface TestServer extends AsyncDisposable {
  readonly socket: string;
  readonly host: string;
  readonly backends: FakeBackends;
  readonly server: ApiServer;
  /** What the server has logged. */
  readonly log: string[];
}

/** A server over fake backends on a socket of its own. */
export async function startTestServer(): Promise<TestServer> {
  const directory = mkdtempSync("/tmp/server-");
  const socket = join(directory, "api.sock");
  const backends = fakeBackends();
  const log: string[] = [];
  const server = new ApiServer({
    routes: engineRoutes(backends),
    version: "0.0.0",
    log: (level, message) => log.push(`${level} ${message}`),
  });
  await server.listen({ kind: "unix", path: socket });
  return {
    socket,
    host: `unix://${socket}`,
    backends,
    server,
    log,
    async [Symbol.asyncDispose]() {
      await server.close(200);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
