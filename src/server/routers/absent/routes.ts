import { EngineError } from "../../../spec/index.ts";
import { json } from "../../answer.ts";
import type { Handler, Method, Route } from "../../route.ts";

const NO_SWARM =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/**
 * What Docker has and Berth has not: answered as a Docker daemon answers that has it switched off, so that
 * clients say something sensible.
 */
export function absentRoutes(): Route[] {
  const swarm = (method: Method, ...paths: string[]): Route[] =>
    paths.map((path) => ({ method, path, handle: unavailable(NO_SWARM) }));
  return [
    ...swarm("GET", "/swarm", "/swarm/unlockkey", "/nodes", "/services", "/tasks"),
    ...swarm("GET", "/secrets", "/configs", "/nodes/{name}", "/services/{name}"),
    ...swarm("GET", "/tasks/{name}", "/secrets/{name}", "/configs/{name}"),
    ...swarm("POST", "/swarm/update", "/swarm/unlock", "/services/create", "/nodes/{name}/update"),
    ...swarm("POST", "/services/{name}/update", "/secrets/create", "/configs/create"),
    ...swarm("DELETE", "/nodes/{name}", "/services/{name}", "/secrets/{name}", "/configs/{name}"),
    {
      method: "POST",
      path: "/swarm/leave",
      handle: unavailable("This node is not part of a swarm"),
    },
    { method: "POST", path: "/swarm/init", handle: unsupported("swarm mode is not supported") },
    { method: "POST", path: "/swarm/join", handle: unsupported("swarm mode is not supported") },
    { method: "GET", path: "/plugins", handle: () => json([]) },
    {
      method: "GET",
      path: "/plugins/{name}/json",
      handle: ({ name }) => {
        throw new EngineError("not-found", `plugin ${JSON.stringify(name)} not found`);
      },
    },
    {
      method: "POST",
      path: "/plugins/pull",
      handle: unsupported("managed plugins are not supported"),
    },
    {
      method: "POST",
      path: "/plugins/create",
      handle: unsupported("managed plugins are not supported"),
    },
  ];
}

function unavailable(message: string): Handler {
  return () => {
    throw new EngineError("unavailable", message);
  };
}

function unsupported(message: string): Handler {
  return () => {
    throw new EngineError("not-implemented", message);
  };
}
