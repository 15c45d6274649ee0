import {
  type ContainerAttachOptions,
  type ContainerLogsOptions,
  type ContainerStats,
  invalidArgument,
} from "../../../spec/index.ts";
import type { ApiAnswer } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import type { Route } from "../../route.ts";
import { streamType } from "../../stream-type.ts";
import { asOf } from "../../version-shims.ts";
import { STATS_SHIMS } from "./answer-shims.ts";
import type { ContainerBackend } from "./backend.ts";
import { withoutFrames } from "./without-frames.ts";

export function streamRoutes(backend: ContainerBackend): Route[] {
  return [
    {
      method: "GET",
      path: "/containers/{name}/logs",
      handle: (request) => containerLogs(backend, request),
    },
    {
      method: "GET",
      path: "/containers/{name}/stats",
      handle: (request) => containerStats(backend, request),
    },
    {
      method: "GET",
      path: "/containers/{name}/export",
      handle: async ({ name, signal }) => ({
        kind: "stream",
        headers: { "Content-Type": "application/octet-stream" },
        chunks: await backend.export(name, signal),
      }),
    },
    {
      method: "POST",
      path: "/containers/{name}/attach",
      handle: async (request) => {
        const session = await backend.attach(request.name, attachOptions(request));
        return {
          kind: "hijack",
          contentType: streamType(session.tty, request.version),
          run: (client) => session.run(client),
        };
      },
    },
    {
      method: "GET",
      path: "/containers/{name}/attach/ws",
      handle: (request) => attachWebsocket(backend, request),
    },
  ];
}

function attachOptions({ query }: ApiRequest): ContainerAttachOptions {
  const detachKeys = query.text("detachKeys");
  return {
    logs: query.flag("logs"),
    stream: query.flag("stream"),
    stdin: query.flag("stdin"),
    stdout: query.flag("stdout"),
    stderr: query.flag("stderr"),
    ...(detachKeys === undefined ? {} : { detachKeys }),
  };
}

async function attachWebsocket(backend: ContainerBackend, request: ApiRequest): Promise<ApiAnswer> {
  const options = attachOptions(request);
  // Old clients name no streams and mean all of them.
  if (request.version < 42) Object.assign(options, { stdin: true, stdout: true, stderr: true });
  const session = await backend.attach(request.name, options);
  return {
    kind: "websocket",
    binary: request.version >= 28,
    run: (client) => session.run(session.tty ? client : withoutFrames(client)),
  };
}

async function containerLogs(
  backend: ContainerBackend,
  { name, query, version, signal }: ApiRequest,
): Promise<ApiAnswer> {
  const stdout = query.flag("stdout");
  const stderr = query.flag("stderr");
  if (!stdout && !stderr) {
    throw invalidArgument("must specify at least one of 'stdout' or 'stderr'");
  }
  const options: ContainerLogsOptions = {
    stdout,
    stderr,
    follow: query.flag("follow"),
    timestamps: query.flag("timestamps"),
    details: query.flag("details"),
  };
  const since = query.timestamp("since");
  const until = query.timestamp("until");
  const tail = query.text("tail") ?? "all";
  if (since !== undefined) options.since = since;
  if (until !== undefined) options.until = until;
  // What is no number means all, as in Docker.
  if (/^\+?\d{1,15}$/.test(tail)) options.tail = Number(tail);
  const session = await backend.logs(name, options, signal);
  return {
    kind: "stream",
    headers: { "Content-Type": streamType(session.tty, version) },
    chunks: session.chunks,
  };
}

async function containerStats(
  backend: ContainerBackend,
  { name, query, version, signal }: ApiRequest,
): Promise<ApiAnswer> {
  const stream = query.flag("stream", true);
  const oneShot = version >= 41 && query.flag("one-shot");
  if (stream && oneShot) {
    throw invalidArgument("cannot have stream=true and one-shot=true");
  }
  return {
    kind: "lines",
    headers: { "Content-Type": "application/json" },
    lines: asVersion(await backend.stats(name, { stream, oneShot }, signal), version),
    eager: stream,
  };
}

async function* asVersion(
  samples: AsyncIterable<ContainerStats>,
  version: number,
): AsyncGenerator<ContainerStats> {
  for await (const sample of samples) yield asOf(version, sample, STATS_SHIMS);
}
