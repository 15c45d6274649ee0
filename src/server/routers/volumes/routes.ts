import { EngineError, type Filters, type VolumeCreateRequest } from "../../../spec/index.ts";
import { json, NO_CONTENT } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import { map, nullable, object, text } from "../../decode.ts";
import type { Route } from "../../route.ts";
import type { VolumeBackend } from "./backend.ts";
import { ownRoutes } from "./own-routes.ts";

const LIST_FILTERS = ["dangling", "driver", "label", "name"];
const PRUNE_FILTERS = ["all", "label", "label!"];

export const volumeCreateRequest = object<VolumeCreateRequest>({
  Name: text,
  Driver: text,
  DriverOpts: nullable(map(text)),
  Labels: nullable(map(text)),
});

export function volumeRoutes(backend: VolumeBackend): Route[] {
  return [
    ...ownRoutes(backend),
    {
      method: "GET",
      path: "/volumes",
      handle: async ({ query }) =>
        json(await backend.list({ filters: query.filters(LIST_FILTERS) })),
    },
    {
      method: "GET",
      path: "/volumes/{name}",
      handle: async ({ name }) => json(await backend.inspect(name)),
    },
    {
      method: "POST",
      path: "/volumes/create",
      handle: async (request) => {
        const body = await request.jsonOr(volumeCreateRequest, "CreateRequest", {});
        return json(await backend.create(body), 201);
      },
    },
    {
      method: "POST",
      path: "/volumes/prune",
      since: 25,
      handle: async (request) => {
        const { query } = request;
        const options = { dryRun: query.flag("dry-run"), now: query.flag("now") };
        return json(await backend.prune(pruneFilters(request), options));
      },
    },
    {
      method: "PUT",
      path: "/volumes/{name}",
      since: 42,
      handle: () => {
        throw new EngineError(
          "unavailable",
          "volume update only valid for cluster volumes, but swarm is unavailable",
        );
      },
    },
    {
      method: "DELETE",
      path: "/volumes/{name}",
      handle: async ({ name, query }) => {
        await backend.remove(name, { force: query.flag("force"), now: query.flag("now") });
        return NO_CONTENT;
      },
    },
  ];
}

function pruneFilters({ query, version }: ApiRequest): Filters {
  const filters = query.filters(PRUNE_FILTERS);
  // Named volumes were pruned too before 1.42.
  return version < 42 ? { all: ["true"], ...filters } : filters;
}
