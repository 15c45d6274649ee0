import type { Backends } from "./backends.ts";
import { documentRoute } from "./openapi/document-route.ts";
import type { Route } from "./route.ts";
import { buildRoutes } from "./routers/build/routes.ts";
import { containerRoutes } from "./routers/containers/routes.ts";
import { execRoutes } from "./routers/exec/routes.ts";
import { imageRoutes } from "./routers/images/routes.ts";
import { networkRoutes } from "./routers/networks/routes.ts";
import { pluginRoutes } from "./routers/plugins/routes.ts";
import { sessionRoutes } from "./routers/session/routes.ts";
import { swarmRoutes } from "./routers/swarm/routes.ts";
import { systemRoutes } from "./routers/system/routes.ts";
import { volumeRoutes } from "./routers/volumes/routes.ts";

export { ApiServer, type ApiServerOptions, type ServerTls } from "./api-server.ts";
export { MAXIMUM_VERSION, MINIMUM_VERSION } from "./api-version.ts";
export type { Backends } from "./backends.ts";
export type { ServerLog } from "./dispatcher.ts";
export { type ListenAddress, parseListenAddress } from "./listen-address.ts";
export { type ApiSocket, parseApiSocket } from "./role.ts";
export type { Route } from "./route.ts";
export type { BuildBackend } from "./routers/build/backend.ts";
export type {
  ContainerBackend,
  LogSession,
  StreamSession,
} from "./routers/containers/backend.ts";
export type { ExecBackend } from "./routers/exec/backend.ts";
export type { ImageBackend } from "./routers/images/backend.ts";
export type { NetworkBackend } from "./routers/networks/backend.ts";
export type { SystemBackend } from "./routers/system/backend.ts";
export type { VolumeBackend } from "./routers/volumes/backend.ts";

/** The whole Engine API over an engine. */
export function engineRoutes(backends: Backends): Route[] {
  const routes = [
    ...systemRoutes(backends.system),
    ...containerRoutes(backends.containers),
    ...execRoutes(backends.exec),
    ...buildRoutes(backends.builds),
    ...imageRoutes(backends.images),
    ...networkRoutes(backends.networks),
    ...volumeRoutes(backends.volumes),
    ...swarmRoutes(),
    ...pluginRoutes(),
    ...sessionRoutes(),
  ];
  return [...routes, documentRoute(routes)];
}
