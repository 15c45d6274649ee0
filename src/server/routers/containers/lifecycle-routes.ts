import {
  type ContainerStopOptions,
  type ContainerWaitCondition,
  EngineError,
  invalidArgument,
} from "../../../spec/index.ts";
import { type ApiAnswer, json, NO_CONTENT } from "../../answer.ts";
import type { ApiRequest } from "../../api-request.ts";
import type { Route } from "../../route.ts";
import type { ContainerBackend } from "./backend.ts";

const WAIT_CONDITIONS: ReadonlySet<string> = new Set<ContainerWaitCondition>([
  "not-running",
  "next-exit",
  "removed",
  "healthy",
]);

export function lifecycleRoutes(backend: ContainerBackend): Route[] {
  const verb = (name: string, act: (request: ApiRequest) => Promise<void>): Route => ({
    method: "POST",
    path: `/containers/{name}/${name}`,
    handle: async (request) => {
      await act(request);
      return NO_CONTENT;
    },
  });
  return [
    verb("start", (request) => startContainer(backend, request)),
    verb("stop", (request) => backend.stop(request.name, stopOptions(request))),
    verb("restart", (request) => backend.restart(request.name, stopOptions(request))),
    verb("kill", ({ name, query }) => backend.kill(name, query.text("signal") ?? "")),
    verb("pause", ({ name }) => backend.pause(name)),
    verb("unpause", ({ name }) => backend.unpause(name)),
    verb("rename", ({ name, query }) => backend.rename(name, query.text("name") ?? "")),
    {
      method: "POST",
      path: "/containers/{name}/wait",
      handle: (request) => waitContainer(backend, request),
    },
  ];
}

async function startContainer(backend: ContainerBackend, request: ApiRequest): Promise<void> {
  // `{}` and `null` came from clients that always send a body.
  if (Number(request.header("content-length") ?? 0) > 7 || request.header("transfer-encoding")) {
    throw invalidArgument(
      "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
    );
  }
  if (request.query.has("checkpoint") && request.query.text("checkpoint")) {
    throw new EngineError("not-implemented", "starting from a checkpoint is not supported");
  }
  const detachKeys = request.query.text("detachKeys");
  await backend.start(request.name, detachKeys === undefined ? {} : { detachKeys });
}

function stopOptions({ query, version }: ApiRequest): ContainerStopOptions {
  const signal = version >= 42 ? query.text("signal") : undefined;
  const timeout = query.integer("t");
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

async function waitContainer(
  backend: ContainerBackend,
  { name, query, version, signal }: ApiRequest,
): Promise<ApiAnswer> {
  const condition = (version >= 30 ? query.text("condition") : undefined) ?? "not-running";
  if (!WAIT_CONDITIONS.has(condition)) {
    throw invalidArgument(`invalid condition: ${JSON.stringify(condition)}`);
  }
  const { result } = await backend.wait(name, condition as ContainerWaitCondition, signal);
  if (version < 30) return json(await result);
  const silent = condition === "removed" && version < 34;
  return {
    kind: "later",
    value: result.then((response) => (silent && response.Error ? undefined : response)),
  };
}
