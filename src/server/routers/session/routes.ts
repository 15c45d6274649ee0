import { EngineError, invalidArgument } from "../../../spec/index.ts";
import type { ApiRequest } from "../../api-request.ts";
import type { Route } from "../../route.ts";

/** BuildKit's two-way protocol (gRPC over a hijacked connection). Builds go without it here. */
export function sessionRoutes(): Route[] {
  return [
    { method: "POST", path: "/session", since: 31, handle: refuse },
    { method: "POST", path: "/grpc", since: 31, handle: refuse },
  ];
}

function refuse(request: ApiRequest): never {
  if (request.header("upgrade") === undefined) throw invalidArgument("no upgrade proto in request");
  throw new EngineError(
    "not-implemented",
    "BuildKit's session protocol is not supported: build with DOCKER_BUILDKIT=0, or with berth build",
  );
}
