import { flag, integer, list, text } from "../decode.ts";
import {
  containerCreated,
  containerInspect,
  containerSummary,
  containersPruned,
  containerTop,
  containerUpdated,
  containerWaited,
  filesystemChanges,
} from "../routers/containers/answers.ts";
import { containerCreateRequest, containerUpdateRequest } from "../routers/containers/bodies.ts";
import { containerStats } from "../routers/containers/stats-answer.ts";
import { execInspect } from "../routers/exec/answers.ts";
import { execCreateRequest, execStartRequest } from "../routers/exec/routes.ts";
import { idAnswer } from "../routers/images/answers.ts";
import type { Operations } from "./operation.ts";

const AT = "/containers/{name}";
const streams = {
  detachKeys: text,
  logs: flag,
  stream: flag,
  stdin: flag,
  stdout: flag,
  stderr: flag,
};
const size = { h: integer, w: integer };
const stop = { signal: text, t: integer };

export const containerOperations: Operations = {
  "GET /containers/json": {
    summary: "List containers",
    query: { all: flag, limit: integer, size: flag, filters: text },
    answer: list(containerSummary),
  },
  "POST /containers/create": {
    summary: "Create a container",
    query: { name: text, platform: text },
    body: containerCreateRequest,
    status: 201,
    answer: containerCreated,
  },
  "POST /containers/prune": {
    summary: "Delete stopped containers",
    query: { filters: text },
    answer: containersPruned,
  },
  [`GET ${AT}/json`]: {
    summary: "Inspect a container",
    query: { size: flag },
    answer: containerInspect,
  },
  [`GET ${AT}/top`]: { summary: "List processes", query: { ps_args: text }, answer: containerTop },
  [`GET ${AT}/changes`]: {
    summary: "Changes of the file system",
    answer: filesystemChanges,
  },
  [`POST ${AT}/update`]: {
    summary: "Change limits and restart policy",
    body: containerUpdateRequest,
    answer: containerUpdated,
  },
  [`GET ${AT}/logs`]: {
    summary: "Get logs",
    query: {
      follow: flag,
      stdout: flag,
      stderr: flag,
      since: text,
      until: text,
      timestamps: flag,
      tail: text,
    },
    own: { details: flag },
    answer: "bytes",
  },
  [`GET ${AT}/stats`]: {
    summary: "Get the use of resources",
    query: { stream: flag, "one-shot": flag },
    answer: { lines: containerStats },
  },
  [`GET ${AT}/export`]: { summary: "Export the file system as a tar", answer: "bytes" },
  [`POST ${AT}/attach`]: { summary: "Attach", query: streams, answer: "bytes" },
  [`GET ${AT}/attach/ws`]: { summary: "Attach by a websocket", query: streams, answer: "bytes" },
  [`POST ${AT}/start`]: { summary: "Start", query: { detachKeys: text }, status: 204 },
  [`POST ${AT}/stop`]: { summary: "Stop", query: stop, status: 204 },
  [`POST ${AT}/restart`]: { summary: "Restart", query: stop, status: 204 },
  [`POST ${AT}/kill`]: { summary: "Send a signal", query: { signal: text }, status: 204 },
  [`POST ${AT}/pause`]: { summary: "Pause", status: 204 },
  [`POST ${AT}/unpause`]: { summary: "Unpause", status: 204 },
  [`POST ${AT}/rename`]: { summary: "Rename", query: { name: text }, status: 204 },
  [`POST ${AT}/wait`]: {
    summary: "Wait until it is not running, or another condition holds",
    query: { condition: text },
    answer: containerWaited,
  },
  [`HEAD ${AT}/archive`]: { summary: "Look at a path", query: { path: text } },
  [`GET ${AT}/archive`]: { summary: "Get a path as a tar", query: { path: text }, answer: "bytes" },
  [`PUT ${AT}/archive`]: {
    summary: "Unpack a tar at a path",
    query: { path: text, noOverwriteDirNonDir: flag, copyUIDGID: flag },
    body: "bytes",
  },
  [`DELETE ${AT}`]: {
    summary: "Remove a container",
    query: { v: flag, force: flag, link: flag },
    status: 204,
  },
  [`POST ${AT}/resize`]: { summary: "Resize the terminal", query: size },
  [`POST ${AT}/exec`]: {
    summary: "Create an exec",
    body: execCreateRequest,
    status: 201,
    answer: idAnswer,
  },
  "POST /exec/{name}/start": {
    summary: "Start an exec",
    body: execStartRequest,
    answer: "bytes",
  },
  "POST /exec/{name}/resize": { summary: "Resize an exec's terminal", query: size },
  "GET /exec/{name}/json": { summary: "Inspect an exec", answer: execInspect },
};
