import { type ContainerPathStat, invalidArgument } from "../../../spec/index.ts";
import { empty, progress } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import type { Route } from "../../route.ts";
import type { ContainerBackend } from "./backend.ts";
import { localCopyBody } from "./bodies.ts";

const PATH = "/containers/{name}/archive";

export function archiveRoutes(backend: ContainerBackend): Route[] {
  return [
    {
      method: "HEAD",
      path: PATH,
      handle: async (request) => {
        const stat = await backend.statPath(request.name, archivePath(request));
        return { kind: "empty", status: 200, headers: statHeader(stat) };
      },
    },
    {
      method: "GET",
      path: PATH,
      handle: async (request) => {
        const { stat, tar } = await backend.getArchive(
          request.name,
          archivePath(request),
          request.signal,
        );
        return {
          kind: "stream",
          headers: { "Content-Type": "application/x-tar", ...statHeader(stat) },
          chunks: tar,
        };
      },
    },
    {
      method: "POST",
      path: "/berth/containers/{name}/copy",
      handle: async (request) => {
        const body = await request.json(localCopyBody, "LocalCopyRequest");
        if (body === undefined || !body.hostPath.startsWith("/") || body.path === "") {
          throw invalidArgument(
            "bad parameter: hostPath has to be absolute, path must not be empty",
          );
        }
        return progress(backend.copyLocally(request.name, body, request.signal));
      },
    },
    {
      method: "PUT",
      path: PATH,
      handle: async (request) => {
        const options = {
          noOverwriteDirNonDir: request.query.flag("noOverwriteDirNonDir"),
          copyUidGid: request.query.flag("copyUIDGID"),
        };
        await backend.putArchive(request.name, archivePath(request), options, request.body);
        return empty(200);
      },
    },
  ];
}

function archivePath({ name, query }: ApiRequest): string {
  if (name === "") throw invalidArgument("bad parameter: name cannot be empty");
  const path = query.text("path");
  if (path === undefined) throw invalidArgument("bad parameter: path cannot be empty");
  return path;
}

function statHeader(stat: ContainerPathStat): Record<string, string> {
  return {
    "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(stat)).toString("base64"),
  };
}
