import type { BuildPruneOptions } from "../../../spec/index.ts";
import { type ApiAnswer, json } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import type { Route } from "../../route.ts";
import type { BuildBackend } from "./backend.ts";
import { classicOptions } from "./classic-options.ts";

const PRUNE_FILTERS = [
  "until",
  "unused-for",
  "id",
  "parents",
  "type",
  "description",
  "inuse",
  "shared",
  "private",
];

export function buildRoutes(backend: BuildBackend): Route[] {
  return [
    { method: "POST", path: "/build", handle: (request) => classicBuild(backend, request) },
    {
      method: "POST",
      path: "/build/prune",
      handle: async (request) => json(await backend.prune(pruneOptions(request))),
    },
    {
      method: "GET",
      path: "/berth/build-cache",
      handle: async () => json(await backend.cache()),
    },
  ];
}

function classicBuild(backend: BuildBackend, request: ApiRequest): ApiAnswer {
  return {
    kind: "lines",
    headers: { "Content-Type": "application/json" },
    lines: backend.classic(classicOptions(request), request.body, request.signal),
    eager: false,
    failure: (error) => {
      const message = error instanceof Error ? error.message : String(error);
      const code = error instanceof Error && "exitCode" in error ? { code: error.exitCode } : {};
      return { errorDetail: { ...code, message }, error: message };
    },
  };
}

function pruneOptions({ query }: ApiRequest): BuildPruneOptions {
  const numbers = {
    reservedSpace: query.integer("reserved-space") ?? query.integer("keep-storage"),
    maxUsedSpace: query.integer("max-used-space"),
    minFreeSpace: query.integer("min-free-space"),
  };
  const given = Object.entries(numbers).filter(([, value]) => value !== undefined && value !== 0);
  return {
    all: query.flag("all"),
    filters: query.filters(PRUNE_FILTERS),
    ...Object.fromEntries(given),
  };
}
