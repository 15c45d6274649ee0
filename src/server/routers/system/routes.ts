import {
  type DiskUsageType,
  type EngineStopRequest,
  type EventMessage,
  type EventsOptions,
  invalidArgument,
  type RegistryAuth,
} from "../../../spec/index.ts";
import { type ApiAnswer, json, NO_CONTENT } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import { flag, object, text } from "../../decode.ts";
import type { Route } from "../../route.ts";
import type { SystemBackend } from "./backend.ts";

const DISK_USAGE_TYPES: readonly DiskUsageType[] = ["container", "image", "volume", "build-cache"];

const registryAuth = object<RegistryAuth>({
  username: text,
  password: text,
  auth: text,
  email: text,
  serveraddress: text,
  identitytoken: text,
  registrytoken: text,
});

const stopRequest = object<EngineStopRequest>({ containers: flag }, { containers: false });

export function systemRoutes(backend: SystemBackend): Route[] {
  return [
    { method: "GET", path: "/_ping", handle: () => ping(backend, "OK") },
    { method: "HEAD", path: "/_ping", handle: () => ping(backend, "") },
    { method: "GET", path: "/version", handle: async () => json(await backend.version()) },
    { method: "GET", path: "/info", handle: (request) => info(backend, request) },
    { method: "GET", path: "/events", handle: (request) => events(backend, request) },
    { method: "GET", path: "/system/df", handle: (request) => diskUsage(backend, request) },
    {
      method: "POST",
      path: "/auth",
      handle: async (request) =>
        json(await backend.auth(await request.jsonOr(registryAuth, "AuthConfig", {}))),
    },
    {
      method: "POST",
      path: "/berth/stop",
      handle: async (request) => {
        const absent = { containers: false };
        const end = await backend.stop(await request.jsonOr(stopRequest, "StopRequest", absent));
        return { ...NO_CONTENT, sent: end };
      },
    },
  ];
}

function ping(backend: SystemBackend, body: string): ApiAnswer {
  const { ApiVersion, OSType, Experimental, BuilderVersion, SwarmStatus } = backend.ping();
  return {
    kind: "text",
    status: 200,
    text: body,
    headers: {
      "Api-Version": ApiVersion,
      "Cache-Control": "no-cache, no-store, must-revalidate",
      "Content-Type": "text/plain; charset=utf-8",
      "Docker-Experimental": String(Experimental),
      Ostype: OSType,
      Pragma: "no-cache",
      Swarm: SwarmStatus,
      ...(BuilderVersion === "" ? {} : { "Builder-Version": BuilderVersion }),
    },
  };
}

async function info(backend: SystemBackend, { version }: ApiRequest): Promise<ApiAnswer> {
  const value = await backend.info();
  if (version >= 50) return json(value);
  const expected = (commit: { ID: string }) => ({ ...commit, Expected: commit.ID });
  return json({
    ...value,
    BridgeNfIptables: false,
    BridgeNfIp6tables: false,
    ...(version < 49
      ? {
          ContainerdCommit: expected(value.ContainerdCommit),
          RuncCommit: expected(value.RuncCommit),
          InitCommit: expected(value.InitCommit),
        }
      : {}),
  });
}

async function events(backend: SystemBackend, request: ApiRequest): Promise<ApiAnswer> {
  const { query, version } = request;
  const options: EventsOptions = { filters: query.filters() };
  const since = query.timestamp("since");
  const until = query.timestamp("until");
  if (since !== undefined) options.since = since;
  if (until !== undefined) options.until = until;
  if (until !== undefined && until < (since ?? 0n)) {
    throw invalidArgument(
      `\`since\` time (${query.text("since")}) cannot be after \`until\` time (${query.text("until")})`,
    );
  }
  const source = await backend.events(options, request.signal);
  return {
    kind: "lines",
    headers: { "Content-Type": "application/json" },
    lines: withLegacyFields(source, version),
    eager: true,
  };
}

/** `id`, `status` and `from` are what the docker CLI reads; image creation was no event before 1.46. */
async function* withLegacyFields(
  source: AsyncIterable<EventMessage>,
  version: number,
): AsyncGenerator<EventMessage> {
  for await (const event of source) {
    if (event.Type === "image") {
      if (version < 46 && event.Action === "create") continue;
      yield { status: event.Action, id: event.Actor.ID, ...event };
    } else if (event.Type === "container") {
      const from = event.Actor.Attributes["image"];
      const legacy = { status: event.Action, id: event.Actor.ID };
      yield { ...legacy, ...(from === undefined ? {} : { from }), ...event };
    } else yield event;
  }
}

async function diskUsage(
  backend: SystemBackend,
  { query, version }: ApiRequest,
): Promise<ApiAnswer> {
  const wanted = version >= 42 && query.has("type") ? query.all("type") : DISK_USAGE_TYPES;
  const types = new Set<DiskUsageType>();
  for (const name of wanted) {
    const type = DISK_USAGE_TYPES.find((known) => known === name);
    if (type === undefined) throw invalidArgument(`unknown object type: ${name}`);
    types.add(type);
  }
  return json(await backend.diskUsage({ types }));
}
