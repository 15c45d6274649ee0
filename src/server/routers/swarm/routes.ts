import { EngineError, invalidArgument } from "../../../spec/index.ts";
import type { ApiRequest } from "../../api-request.ts";
import type { Handler, Route } from "../../route.ts";

const NO_SWARM =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** Swarm's calls, answered as a Docker daemon answers them that is in no swarm. */
export function swarmRoutes(): Route[] {
  return [
    ...gets("/swarm", "/swarm/unlockkey", "/nodes", "/nodes/{name}"),
    ...gets("/secrets", "/secrets/{name}", "/configs", "/configs/{name}"),
    // Before `/services/{name}`, which stands for any text.
    { method: "GET", path: "/services/{name}/logs", handle: logs },
    { method: "GET", path: "/tasks/{name}/logs", since: 29, handle: logs },
    ...gets("/services", "/services/{name}", "/tasks", "/tasks/{name}"),
    ...posts("/swarm/unlock", "/services/create", "/secrets/create", "/configs/create"),
    { method: "POST", path: "/swarm/update", handle: update("swarm") },
    { method: "POST", path: "/nodes/{name}/update", handle: update("node") },
    { method: "POST", path: "/services/{name}/update", handle: update("service") },
    { method: "POST", path: "/secrets/{name}/update", since: 26, handle: update("secret") },
    { method: "POST", path: "/configs/{name}/update", since: 30, handle: update("config") },
    ...["/nodes/{name}", "/services/{name}", "/secrets/{name}", "/configs/{name}"].map(
      (path): Route => ({ method: "DELETE", path, handle: noSwarm }),
    ),
    {
      method: "POST",
      path: "/swarm/leave",
      handle: refuse("unavailable", "This node is not part of a swarm"),
    },
    ...["/swarm/init", "/swarm/join"].map(
      (path): Route => ({
        method: "POST",
        path,
        handle: refuse("not-implemented", "swarm mode is not supported"),
      }),
    ),
  ];
}

/** Configs came with 1.30. */
const sinceOf = (path: string) => (path.startsWith("/configs") ? { since: 30 } : {});

const gets = (...paths: string[]): Route[] =>
  paths.map((path) => ({ method: "GET", path, ...sinceOf(path), handle: noSwarm }));
const posts = (...paths: string[]): Route[] =>
  paths.map((path) => ({ method: "POST", path, ...sinceOf(path), handle: noSwarm }));

function refuse(kind: "unavailable" | "not-implemented", message: string): Handler {
  return () => {
    throw new EngineError(kind, message);
  };
}

function noSwarm(): never {
  throw new EngineError("unavailable", NO_SWARM);
}

function logs({ query }: ApiRequest): never {
  if (!query.flag("stdout") && !query.flag("stderr")) {
    throw invalidArgument("Bad parameters: you must choose at least one stream");
  }
  return noSwarm();
}

/** The version of the object that the change is based on is looked at before anything else. */
function update(kind: string): Handler {
  return ({ query }) => {
    const text = query.text("version") ?? "";
    if (/^\d{1,19}$/.test(text)) return noSwarm();
    if (kind === "secret" || kind === "config") throw invalidArgument(`invalid ${kind} version`);
    throw invalidArgument(
      `invalid ${kind} version '${text}': strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  };
}
