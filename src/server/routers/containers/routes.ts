import { invalidArgument } from "../../../spec/index.ts";
import { type ApiAnswer, empty, json, NO_CONTENT } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import type { Route } from "../../route.ts";
import { asOf } from "../../version-shims.ts";
import { INSPECT_SHIMS, SUMMARY_SHIMS } from "./answer-shims.ts";
import { archiveRoutes } from "./archive-routes.ts";
import type { ContainerBackend } from "./backend.ts";
import { containerCreateRequest, containerUpdateRequest } from "./bodies.ts";
import { adaptCreateRequest } from "./create-shims.ts";
import { lifecycleRoutes } from "./lifecycle-routes.ts";
import { streamRoutes } from "./stream-routes.ts";

const LIST_FILTERS = [
  "ancestor",
  "before",
  "expose",
  "exited",
  "health",
  "id",
  "is-task",
  "isolation",
  "label",
  "name",
  "network",
  "publish",
  "since",
  "status",
  "volume",
];
const PRUNE_FILTERS = ["label", "label!", "until"];

export function containerRoutes(backend: ContainerBackend): Route[] {
  return [
    {
      method: "GET",
      path: "/containers/json",
      handle: (request) => listContainers(backend, request),
    },
    {
      method: "POST",
      path: "/containers/create",
      handle: (request) => createContainer(backend, request),
    },
    {
      method: "POST",
      path: "/containers/prune",
      since: 25,
      handle: async ({ query }) => json(await backend.prune(query.filters(PRUNE_FILTERS))),
    },
    {
      method: "GET",
      path: "/containers/{name}/json",
      handle: async ({ name, query, version }) => {
        const container = await backend.inspect(name, { size: query.flag("size") });
        return json(asOf(version, container, INSPECT_SHIMS));
      },
    },
    {
      method: "GET",
      path: "/containers/{name}/top",
      handle: async ({ name, query }) =>
        json(await backend.top(name, query.text("ps_args") ?? "-ef")),
    },
    {
      method: "GET",
      path: "/containers/{name}/changes",
      handle: async ({ name }) => json(await backend.changes(name)),
    },
    {
      method: "POST",
      path: "/containers/{name}/update",
      handle: (request) => updateContainer(backend, request),
    },
    ...streamRoutes(backend),
    ...lifecycleRoutes(backend),
    ...archiveRoutes(backend),
    {
      method: "DELETE",
      path: "/containers/{name}",
      handle: async ({ name, query }) => {
        await backend.remove(name, {
          force: query.flag("force"),
          volumes: query.flag("v"),
          link: query.flag("link"),
        });
        return NO_CONTENT;
      },
    },
    {
      method: "POST",
      path: "/containers/{name}/resize",
      handle: async ({ name, query }) => {
        await backend.resize(name, query.consoleSize());
        return empty(200);
      },
    },
  ];
}

async function listContainers(
  backend: ContainerBackend,
  { query, version }: ApiRequest,
): Promise<ApiAnswer> {
  const limit = query.integer("limit");
  const containers = await backend.list({
    all: query.flag("all"),
    size: query.flag("size"),
    filters: query.filters(LIST_FILTERS),
    ...(limit === undefined || limit <= 0 ? {} : { limit }),
  });
  return json(containers.map((container) => asOf(version, container, SUMMARY_SHIMS)));
}

async function createContainer(backend: ContainerBackend, request: ApiRequest): Promise<ApiAnswer> {
  const body = await request.json(containerCreateRequest, "CreateRequest");
  if (body === undefined) {
    throw invalidArgument(
      request.hasBody
        ? "config cannot be empty in order to create a container"
        : "invalid JSON: got EOF while reading request body",
    );
  }
  const warnings = adaptCreateRequest(body, request.version);
  const name = request.query.text("name");
  const platform = request.version >= 41 ? request.query.text("platform") : undefined;
  const created = await backend.create(body, {
    ...(name === undefined ? {} : { name }),
    ...(platform === undefined ? {} : { platform }),
  });
  return json({ ...created, Warnings: [...created.Warnings, ...warnings] }, 201);
}

async function updateContainer(backend: ContainerBackend, request: ApiRequest): Promise<ApiAnswer> {
  const body = await request.jsonOr(containerUpdateRequest, "UpdateConfig", {});
  if (request.version < 40) delete body.PidsLimit;
  // Both 0 and negative numbers take the limit away.
  if (body.PidsLimit != null && body.PidsLimit <= 0) body.PidsLimit = 0;
  return json(await backend.update(request.name, body));
}
