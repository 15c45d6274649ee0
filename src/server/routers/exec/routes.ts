import {
  type ExecCreateRequest,
  type ExecStartRequest,
  encodeFrame,
  errorMessage,
  invalidArgument,
  StreamNumber,
} from "../../../spec/index.ts";
import { type ApiAnswer, empty, json } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import { command, flag, list, nullable, object, pair, text } from "../../decode.ts";
import type { Route } from "../../route.ts";
import { streamType } from "../../stream-type.ts";
import { withoutFrames } from "../containers/without-frames.ts";
import type { ExecBackend } from "./backend.ts";

export const execCreateRequest = object<ExecCreateRequest>({
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ConsoleSize: nullable(pair),
  DetachKeys: text,
  Tty: flag,
  Env: nullable(list(text)),
  Cmd: nullable(command),
  Privileged: flag,
  User: text,
  WorkingDir: text,
});

export const execStartRequest = object<ExecStartRequest>({
  Detach: flag,
  Tty: flag,
  ConsoleSize: nullable(pair),
});

export function execRoutes(backend: ExecBackend): Route[] {
  return [
    {
      method: "POST",
      path: "/containers/{name}/exec",
      handle: async (request) => {
        const body = await request.jsonOr(execCreateRequest, "ExecCreateRequest", {});
        if ((body.Cmd ?? []).length === 0) throw invalidArgument("No exec command specified");
        if (request.version < 42) delete body.ConsoleSize;
        return json(await backend.create(request.name, body), 201);
      },
    },
    {
      method: "POST",
      path: "/exec/{name}/start",
      handle: (request) => startExec(backend, request),
    },
    {
      method: "POST",
      path: "/exec/{name}/resize",
      handle: async ({ name, query }) => {
        await backend.resize(name, query.consoleSize());
        return empty(200);
      },
    },
    {
      method: "GET",
      path: "/exec/{name}/json",
      handle: async ({ name }) => json(await backend.inspect(name)),
    },
  ];
}

async function startExec(backend: ExecBackend, request: ApiRequest): Promise<ApiAnswer> {
  const body = await request.jsonOr(execStartRequest, "ExecStartRequest", {});
  if (request.version < 42 || body.Tty !== true) delete body.ConsoleSize;
  if (body.Detach === true) {
    await backend.startDetached(request.name, body);
    return empty(200);
  }
  const session = await backend.startAttached(request.name, body);
  // Whoever says that it is a terminal gets no frames, even where it is none.
  const raw = session.tty || body.Tty === true;
  return {
    kind: "hijack",
    contentType: streamType(raw, request.version),
    run: async (client) => {
      try {
        await session.run(raw && !session.tty ? withoutFrames(client) : client);
      } catch (error) {
        // The head is out: the client learns of the failure as the command's output.
        const line = Buffer.from(`${errorMessage(error)}\r\n`);
        const output = raw ? line : encodeFrame(StreamNumber.stdout, line);
        if (!client.destroyed) client.write(output);
        throw error;
      }
    },
  };
}
