import { invalidArgument } from "../../../spec/index.ts";
import { type ApiAnswer, json, NO_CONTENT, progress } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import type { Route } from "../../route.ts";
import type { VolumeBackend } from "./backend.ts";

const OWN = "/berth/volumes/{name}";

/** Berth's own calls on volumes. `{name}` is a volume's, or `NAME@SNAPSHOT` where something is read. */
export function ownRoutes(backend: VolumeBackend): Route[] {
  return [...trashRoutes(backend), ...changeRoutes(backend), ...readRoutes(backend)];
}

/** Before the others: no volume's name has a slash. */
function trashRoutes(backend: VolumeBackend): Route[] {
  return [
    {
      method: "GET",
      path: "/berth/volumes/trash",
      handle: async () => json(await backend.trash()),
    },
    {
      method: "DELETE",
      path: "/berth/volumes/trash",
      handle: async ({ query }) => json(await backend.emptyTrash(query.all("id"))),
    },
    {
      method: "POST",
      path: "/berth/volumes/trash/{name}/recover",
      handle: async ({ name, query }) =>
        json(await backend.restoreTrashed(name, query.text("name"))),
    },
  ];
}

function changeRoutes(backend: VolumeBackend): Route[] {
  return [
    ...[true, false].map(
      (locked): Route => ({
        method: "POST",
        path: `${OWN}/${locked ? "lock" : "unlock"}`,
        handle: async ({ name }) => {
          await backend.lock(name, locked);
          return NO_CONTENT;
        },
      }),
    ),
    {
      method: "POST",
      path: `${OWN}/rename`,
      handle: async (request) =>
        json(await backend.rename(request.name, required(request, "name"))),
    },
    {
      method: "POST",
      path: `${OWN}/clone`,
      handle: (request) => {
        const options = { to: required(request, "name"), pause: pauses(request) };
        return progress(backend.clone(request.name, options, request.signal));
      },
    },
    { method: "POST", path: `${OWN}/snapshot`, handle: (request) => snapshot(backend, request) },
    {
      method: "DELETE",
      path: `${OWN}/snapshots`,
      handle: async (request) => {
        await backend.removeSnapshot(request.name, required(request, "snapshot"));
        return NO_CONTENT;
      },
    },
    {
      method: "POST",
      path: `${OWN}/restore`,
      handle: (request) => {
        const wanted = request.query.text("snapshot");
        const options = {
          discard: request.query.flag("discard"),
          ...(wanted === undefined ? {} : { snapshot: wanted }),
        };
        return progress(backend.restore(request.name, options, request.signal));
      },
    },
    {
      method: "POST",
      path: `${OWN}/import`,
      handle: ({ name, body, query, signal }) =>
        progress(backend.import(name, body, { replace: query.flag("replace") }, signal)),
    },
  ];
}

function readRoutes(backend: VolumeBackend): Route[] {
  return [
    {
      method: "GET",
      path: `${OWN}/snapshots`,
      handle: async ({ name }) => json(await backend.snapshots(name)),
    },
    {
      method: "GET",
      path: `${OWN}/usage`,
      handle: async ({ name }) => json(await backend.usage(name)),
    },
    {
      method: "GET",
      path: `${OWN}/export`,
      handle: async (request) => ({
        kind: "stream",
        headers: { "Content-Type": "application/x-tar" },
        chunks: await backend.export(request.name, { pause: pauses(request) }, request.signal),
      }),
    },
    {
      method: "GET",
      path: `${OWN}/files`,
      handle: async ({ name, query }) => ({
        kind: "lines",
        headers: { "Content-Type": "application/json" },
        lines: await backend.files(name, query.text("path") ?? "/"),
        eager: false,
      }),
    },
    {
      method: "GET",
      path: `${OWN}/content`,
      handle: async (request) => ({
        kind: "stream",
        headers: { "Content-Type": "application/octet-stream" },
        chunks: await backend.content(request.name, required(request, "path")),
      }),
    },
  ];
}

function snapshot(backend: VolumeBackend, request: ApiRequest): ApiAnswer {
  const name = request.query.text("name");
  const options = { pause: pauses(request), ...(name === undefined ? {} : { name }) };
  return progress(backend.snapshot(request.name, options, request.signal));
}

/** `pause=0` reads a volume while others write to it. */
const pauses = ({ query }: ApiRequest): boolean => query.flag("pause", true);

function required({ query }: ApiRequest, key: string): string {
  const text = query.text(key);
  if (text === undefined) throw invalidArgument(`the parameter "${key}" is missing`);
  return text;
}
