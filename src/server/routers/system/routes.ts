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
import { asOf } from "../../version-shims.ts";
import { DISK_USAGE_SHIMS, INFO_SHIMS, NO_LISTS, type OldInfo } from "./answer-shims.ts";
import type { SystemBackend } from "./backend.ts";

const DISK_USAGE_TYPES: readonly DiskUsageType[] = ["container", "image", "volume", "build-cache"];

export const registryAuth = object<RegistryAuth>({
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
  return json(asOf<OldInfo>(version, await backend.info(), INFO_SHIMS));
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
  const type = version >= 52 ? eventsType(request.header("accept") ?? "") : "application/json";
  return {
    kind: "lines",
    headers: { "Content-Type": type },
    lines: asVersion(source, version),
    eager: true,
    ...(type === "application/json-seq" ? { prefix: RECORD_SEPARATOR } : {}),
  };
}

/** RFC 7464, section 2.2: begins each text of a sequence. */
const RECORD_SEPARATOR = "\u001e";
const EVENTS_TYPES = ["application/jsonl", "application/x-ndjson", "application/json-seq"];

/** The first type of those offered that the client names; what has always been sent, if it names none. */
function eventsType(accept: string): string {
  const wanted = accept.split(",").map((part) => part.split(";")[0]?.trim().toLowerCase());
  return (
    wanted.find((type) => type !== undefined && EVENTS_TYPES.includes(type)) ?? "application/json"
  );
}

/** `id`, `status` and `from` were sent up to 1.51; image creation was no event before 1.46. */
async function* asVersion(
  source: AsyncIterable<EventMessage>,
  version: number,
): AsyncGenerator<EventMessage> {
  for await (const event of source) {
    if (version < 46 && event.Type === "image" && event.Action === "create") continue;
    if (version < 52) yield withLegacyFields(event);
    else {
      const { status: _status, id: _id, from: _from, ...rest } = event;
      yield rest;
    }
  }
}

function withLegacyFields(event: EventMessage): EventMessage {
  if (event.Type !== "image" && event.Type !== "container") return event;
  const from = event.Type === "container" ? event.Actor.Attributes["image"] : undefined;
  const { ID: id } = event.Actor;
  const legacy = { status: event.Action, ...(id === "" ? {} : { id }) };
  return { ...legacy, ...(from === undefined ? {} : { from }), ...event };
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
  const verbose = version >= 52 && query.flag("verbose");
  const usage = await backend.diskUsage({ types, verbose });
  const lists = version === 52 && verbose ? NO_LISTS : [];
  return json(asOf(version, usage, [...DISK_USAGE_SHIMS, ...lists]));
}
