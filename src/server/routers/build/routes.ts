import {
  type BuildContextEntry,
  type BuildPruneOptions,
  errorMessage,
  invalidArgument,
} from "../../../spec/index.ts";
import { type ApiAnswer, json, NO_CONTENT } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import type { Route } from "../../route.ts";
import type { BuildBackend } from "./backend.ts";
import { classicOptions } from "./classic-options.ts";
import { buildRequest } from "./request-body.ts";

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
    ...contextRoutes(backend),
    ...berthRoutes(backend),
    {
      method: "GET",
      path: "/berth/build-cache",
      handle: async () => json(await backend.cache()),
    },
  ];
}

function contextRoutes(backend: BuildBackend): Route[] {
  return [
    {
      method: "POST",
      path: "/berth/contexts",
      handle: async ({ body }) => json(await backend.openContext(contextEntries(body)), 201),
    },
    {
      method: "POST",
      path: "/berth/contexts/tar",
      handle: async ({ body, signal }) => json(await backend.receiveTar(body, signal), 201),
    },
    {
      method: "POST",
      path: "/berth/contexts/{id}/files",
      handle: async ({ name, body }) => json(await backend.receiveFiles(name, body)),
    },
  ];
}

function berthRoutes(backend: BuildBackend): Route[] {
  return [
    {
      method: "POST",
      path: "/berth/builds",
      handle: async (request) => {
        const body = await request.jsonOr(buildRequest, "BuildRequest", {
          context: { kind: "empty" },
        });
        return eventLines(backend.build(body, request.signal));
      },
    },
    { method: "GET", path: "/berth/builds", handle: async () => json(await backend.list()) },
    {
      method: "GET",
      path: "/berth/builds/{id}/log",
      handle: ({ name, query, signal }) =>
        eventLines(backend.log(name, { follow: query.flag("follow") }, signal)),
    },
    {
      method: "GET",
      path: "/berth/builds/{id}/output",
      handle: ({ name, query }) => ({
        kind: "stream",
        headers: { "Content-Type": "application/x-tar" },
        chunks: backend.output(name, query.integer("index") ?? 0),
      }),
    },
    {
      method: "POST",
      path: "/berth/builds/{id}/ssh",
      handle: ({ name, query }) => ({
        kind: "hijack",
        contentType: "application/vnd.docker.raw-stream",
        run: backend.agent(name, query.integer("channel") ?? 0),
      }),
    },
    {
      method: "GET",
      path: "/berth/builds/{id}",
      handle: async ({ name }) => json(await backend.inspect(name)),
    },
    {
      method: "DELETE",
      path: "/berth/builds/{id}",
      handle: async ({ name }) => {
        await backend.remove(name);
        return NO_CONTENT;
      },
    },
  ];
}

const eventLines = (lines: AsyncIterable<unknown>): ApiAnswer => ({
  kind: "lines",
  headers: { "Content-Type": "application/x-ndjson" },
  lines,
  eager: false,
});

/** A line of JSON for each file; a longer one is no entry. */
const LINE_LIMIT = 64 * 1024;

async function* contextEntries(body: AsyncIterable<Uint8Array>): AsyncGenerator<BuildContextEntry> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield contextEntry(line);
    if (text.length > LINE_LIMIT) throw invalidArgument("invalid context: a line is too long");
  }
  if (text !== "") yield contextEntry(text);
}

function contextEntry(line: string): BuildContextEntry {
  try {
    return JSON.parse(line) as BuildContextEntry;
  } catch (cause) {
    throw invalidArgument(`invalid context: invalid JSON: ${line.slice(0, 80)}`, cause);
  }
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
  const bytes = (name: string): number | undefined => {
    try {
      return query.integer(name);
    } catch (error) {
      throw invalidArgument(
        `${name} is in bytes and expects an integer, got ${query.text(name)}: ${errorMessage(error)}`,
        error,
      );
    }
  };
  const numbers = {
    reservedSpace: bytes("reserved-space") ?? bytes("keep-storage"),
    maxUsedSpace: bytes("max-used-space"),
    minFreeSpace: bytes("min-free-space"),
  };
  const given = Object.entries(numbers).filter(([, value]) => value !== undefined && value !== 0);
  return {
    all: query.flag("all"),
    filters: query.filters(PRUNE_FILTERS),
    ...Object.fromEntries(given),
  };
}
