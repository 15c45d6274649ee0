import { existsSync } from "node:fs";
import { EngineClient, type EngineClientOptions } from "./engine-client.ts";

/** Where Berth and Docker listen, the former first. */
const SOCKETS = ["/run/berth.sock", "/var/run/docker.sock"];

/**
 * The engine at `host`; without it at `BERTH_HOST` or `DOCKER_HOST`, else Berth's socket where there is one,
 * else Docker's. Nothing is connected before the first call.
 *
 * ```ts
 * const engine = connect();
 * for await (const event of await engine.system.events({}, AbortSignal.timeout(60_000))) …
 * ```
 */
export function connect(options: Partial<EngineClientOptions> = {}): EngineClient {
  return new EngineClient({ ...options, host: options.host ?? defaultHost() });
}

function defaultHost(): string {
  const { BERTH_HOST, DOCKER_HOST } = process.env;
  const socket = SOCKETS.find((path) => existsSync(path)) ?? SOCKETS[0];
  return BERTH_HOST || DOCKER_HOST || `unix://${socket}`;
}
